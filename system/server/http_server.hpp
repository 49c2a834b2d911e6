#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "system/ports/http.hpp"

namespace lifecycle::server {

// Answers HTTP/1.1 on a TCP port. Requests that are not HTTP, too large, or too slow are answered
// or dropped here; all others go to the service.
class HttpServer {
  public:
    using Respond = std::move_only_function<void(HttpResponse)>;
    using Service = std::function<void(HttpRequest, Respond)>;

    // Listens from now on; throws boost::system::system_error if it cannot. Port 0: any free one.
    HttpServer(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
               Service service);
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
