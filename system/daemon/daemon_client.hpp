#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <string>

#include "system/model/machine.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"
#include "system/providers/providers.hpp"

namespace lifecycle {

struct DaemonOptions {
    std::uint16_t port = 8080;  // on which every machine's daemon listens
    Duration probe_timeout = std::chrono::seconds(5);
    Duration request_timeout = std::chrono::seconds(10);
};

// Why a machine's daemon was not asked, or did not answer.
struct DaemonError {
    enum class Kind : std::uint8_t {
        no_way,     // its provider does not say where it is, or there is no such provider
        no_answer,  // none came in time, or the connection failed
    };
    Kind kind;
    std::string why;  // in words
};
template <class T>
using DaemonResult = std::expected<T, DaemonError>;

// The one way to call a box. Any answer of a daemon is a value, whatever its status; none is
// retried here. The client and the providers must outlive it.
class DaemonClient {
  public:
    DaemonClient(HttpClient& http, const Providers& providers, DaemonOptions options)
        : http_(&http), providers_(&providers), options_(options) {}

    // Where the machine's daemon is now, as its provider says. A provider that this control plane
    // does not have is an error as any other, which another start may repair: `unknown`.
    boost::asio::awaitable<ProviderResult<Endpoint>> way_to(Machine machine);

    // Sends the request there; what it says of authority and TLS is replaced.
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(Endpoint way,
                                                                        HttpRequest request);

    // Finds the way and sends the request.
    boost::asio::awaitable<DaemonResult<HttpResponse>> ask(Machine machine, HttpRequest request);

    // Asks the daemon whether it is well.
    boost::asio::awaitable<DaemonResult<HttpResponse>> probe(Machine machine);

  private:
    boost::asio::awaitable<DaemonResult<HttpResponse>> ask_within(Machine machine,
                                                                  HttpRequest request,
                                                                  Duration timeout);

    HttpClient* http_;
    const Providers* providers_;
    DaemonOptions options_;
};

}  // namespace lifecycle
