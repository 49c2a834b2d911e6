#pragma once

#include <boost/asio/ssl/context.hpp>

#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/server/resolver.hpp"

namespace lifecycle::server {

// HTTP/1.1 on the executor of the calling coroutine, one connection for each request: over TCP,
// over TLS with the certificate authorities of the system, or over a local socket ("unix:PATH").
// Everything, the search for the host's address too, ends with the timeout. Names that lead nowhere
// and hosts that are not trusted are told to telemetry as "http.unreachable", with the reason, if
// there is telemetry.
class BeastHttpClient final : public HttpClient {
  public:
    explicit BeastHttpClient(Telemetry* telemetry = nullptr,
                             Resolver::Lookup lookup = Resolver::look_up);
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(HttpRequest request,
                                                                        Duration timeout) override;

  private:
    Telemetry* telemetry_;
    Resolver resolver_;
    boost::asio::ssl::context tls_;
};

// Host and port of "host:port" or "[v6]:port"; empty if the text is neither.
struct HostPort {
    std::string host;
    std::string port;
};
HostPort split_authority(std::string_view authority);

}  // namespace lifecycle::server
