#pragma once

#include "system/ports/http.hpp"

namespace lifecycle::server {

// HTTP/1.1 over TCP on the executor of the calling coroutine, one connection for each request. No
// TLS: the Machines API is reached at its address inside Fly's private network, which is plain.
class BeastHttpClient final : public HttpClient {
  public:
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(HttpRequest request,
                                                                        Duration timeout) override;
};

// Host and port of "host:port" or "[v6]:port"; empty if the text is neither.
struct HostPort {
    std::string host;
    std::string port;
};
HostPort split_authority(std::string_view authority);

}  // namespace lifecycle::server
