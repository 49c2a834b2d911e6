#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "system/ports/http.hpp"

namespace lifecycle {

// Where a project's traffic goes, as others read it.
struct Route {
    std::string machine;
    std::int64_t generation = 0;
    std::string address;       // host:port of the machine's daemon
    bool tls = false;          // whether it speaks TLS there
    std::int64_t version = 0;  // of the record, as its store counts; 0: there is none yet
};

struct RouteTableOptions {
    std::string authority;  // host:port of Consul; empty: nobody reads routes
    std::string prefix = "vivarium/routes";
    std::string token;  // of Consul's access control; empty: none
    Duration timeout = std::chrono::seconds(10);
};

// The records of routes, in Consul's key-value store. A record is replaced only by who has seen the
// version that it replaces: a write that was delayed or repeated changes nothing.
// https://developer.hashicorp.com/consul/api-docs/kv
class RouteTable {
  public:
    RouteTable(HttpClient& http, RouteTableOptions options)
        : http_(http), options_(std::move(options)) {}
    bool enabled() const { return !options_.authority.empty(); }

    // The error is what went wrong, in words.
    template <class T>
    using Reply = boost::asio::awaitable<std::expected<T, std::string>>;

    // A record of version 0 if there is none.
    Reply<Route> get(std::string project);
    // Replaces the version that `route` has; false, changing nothing, if that is not there any
    // more.
    Reply<bool> put(std::string project, Route route);

  private:
    HttpRequest request(std::string method, const std::string& project) const;

    HttpClient& http_;
    RouteTableOptions options_;
};

}  // namespace lifecycle
