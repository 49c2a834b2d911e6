#pragma once

#include <optional>
#include <string>
#include <vector>

#include "system/model/error.hpp"
#include "system/ports/http.hpp"

namespace lifecycle::server {

// Keeps pages of other sites from using somebody's browser against the clients' address. A site can
// make its own name stand for our address (DNS rebinding), which shows in the header Host, or send
// requests across, which shows in Origin and Sec-Fetch-Site.
class Guard {
  public:
    // `names`: the host names that clients know us by, besides localhost. At an address that is not
    // a loopback one, where the admin's token is required, no names means: any.
    Guard(bool loopback, std::vector<std::string> names);

    // Why the request must not be served; nothing if it may be.
    std::optional<Error> refuses(const HttpRequest& request) const;

  private:
    bool ours(const std::string& host) const;
    bool is_beside(const std::string& from, const std::string& host) const;

    bool any_name_;
    std::vector<std::string> names_;
};

// The host in "host", "host:port" or "[v6]:port", in lower case.
std::string host_in(std::string_view authority);

}  // namespace lifecycle::server
