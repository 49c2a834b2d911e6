#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"

namespace lifecycle {

// Orders header names without regard to ASCII case.
struct HeaderOrder {
    using is_transparent = void;
    bool operator()(std::string_view left, std::string_view right) const;
};
using Headers = std::map<std::string, std::string, HeaderOrder>;

struct HttpRequest {
    std::string method = "GET";
    std::string authority;  // host:port, or unix:PATH for a socket of this host
    bool tls = false;
    std::string target;  // path with query, beginning with '/'
    Headers headers;
    std::string body;
};

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
};

// Why a request brought no response.
enum class HttpError : std::uint8_t {
    refused,
    unresolved,  // nobody knows an address of that host
    untrusted,   // no TLS with that host: its certificate, or its protocol, is not accepted
    reset,
    timed_out,
    too_large,  // the response is longer than this client reads
};
// In words, with what to do about it where a person has to.
std::string_view to_string(HttpError error);
// It is certain that the request did not leave.
bool was_not_sent(HttpError error);

class HttpClient {
  public:
    virtual ~HttpClient() = default;
    // Sends the request and waits for the whole response, at most `timeout`. Any status is a
    // response; the error says that none came.
    virtual boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(
        HttpRequest request, Duration timeout) = 0;
};

}  // namespace lifecycle
