#pragma once

#include <boost/asio/ssl/context.hpp>

#include "system/ports/http.hpp"

namespace lifecycle::server {

// HTTP/1.1 on the executor of the calling coroutine, one connection for each request: over TCP,
// over TLS with the certificate authorities of the system, or over a local socket ("unix:PATH").
class BeastHttpClient final : public HttpClient {
  public:
    BeastHttpClient();
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(HttpRequest request,
                                                                        Duration timeout) override;

  private:
    boost::asio::ssl::context tls_;
};

// Host and port of "host:port" or "[v6]:port"; empty if the text is neither.
struct HostPort {
    std::string host;
    std::string port;
};
HostPort split_authority(std::string_view authority);

}  // namespace lifecycle::server
