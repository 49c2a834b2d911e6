#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "system/api/door.hpp"
#include "system/ports/http.hpp"

namespace lifecycle::server {

// Answers HTTP/1.1 on a TCP port. Requests that are not HTTP, too large, or too slow are answered
// or dropped here; all others go to the service.
class HttpServer {
  public:
    using Respond = std::move_only_function<void(HttpResponse)>;
    using Service = std::function<void(HttpRequest, Respond)>;
    // The longest body that a request with this head may have, in bytes.
    using MaxBodyBytes = std::function<std::size_t(const HttpRequest& head)>;

    // How many bodies of more than kMaxBodyBytes are in hand at once, from the head of a request to
    // the end of its answer. Each has to say its length first.
    static constexpr std::size_t kMaxLargeBodies = 4;

    // Listens from now on; throws boost::system::system_error if it cannot. Port 0: any free one.
    // Where there are as many connections as its share of the descriptors, that which has kept us
    // waiting longest ends for a new one, and the new one ends if all are being answered.
    // Without `max_body_bytes` none may have more than kMaxBodyBytes.
    HttpServer(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
               Service service, MaxBodyBytes max_body_bytes = nullptr);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    // Accepts no further connection; those that are open end with their present request.
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lifecycle::server
