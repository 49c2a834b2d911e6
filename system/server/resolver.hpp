#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lifecycle::server {

// Addresses of hosts. The system's own search for one blocks a thread and cannot be interrupted,
// so it runs in threads of its own, which who has waited long enough leaves alone. All who want one
// name share a search, what was found is kept for some seconds, and the names of one domain have a
// few of the threads at most: one whose name server is silent holds up no other.
class Resolver {
  public:
    using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;
    using Found = std::expected<Addresses, std::string>;  // or why there are none
    using Lookup = std::function<Found(const std::string& host, const std::string& port)>;

    // `lookup` may block, and is called in several threads at once, also after this has ended.
    explicit Resolver(Lookup lookup = look_up);

    // On the executor of the calling coroutine.
    boost::asio::awaitable<Found> resolve(std::string host, std::string port,
                                          std::chrono::steady_clock::time_point deadline);

    // What the system knows of a host.
    static Found look_up(const std::string& host, const std::string& port);

  private:
    class Searches;
    std::shared_ptr<Searches> searches_;
};

}  // namespace lifecycle::server
