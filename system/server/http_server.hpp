#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
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
    // Where there are `max_connections`, that which has kept us waiting longest ends for a new one,
    // and the new one ends if all are being answered.
    HttpServer(boost::asio::io_context& context, const std::string& host, std::uint16_t port,
               Service service, std::size_t max_connections = share_of_descriptors());
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // A quarter of the descriptors that this process may have: two doors leave half to the rest.
    static std::size_t share_of_descriptors();

    std::uint16_t port() const;
    // Accepts no further connection; those that are open end with their present request.
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lifecycle::server
