#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "system/lifecycle/options.hpp"
#include "system/model/error.hpp"
#include "system/outbox/outbox.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/provider.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// The HTTP face of the control plane: docs/api.md lists its routes.
class Api {
  public:
    Api(Store& store, Outbox& outbox, Ports ports, Provider& provider, LifecycleOptions options);

    boost::asio::awaitable<HttpResponse> handle(HttpRequest request);

    // The longest body that a request may have, in bytes.
    static constexpr std::size_t kLongestBody = 65'536;

  private:
    boost::asio::awaitable<HttpResponse> route(HttpRequest request);

    boost::asio::awaitable<HttpResponse> create(std::string project, HttpRequest request);
    boost::asio::awaitable<HttpResponse> list(std::string project);
    boost::asio::awaitable<HttpResponse> get(std::string machine);
    boost::asio::awaitable<HttpResponse> retire(std::string machine, HttpRequest request);
    boost::asio::awaitable<HttpResponse> status(std::string machine, HttpRequest request);
    boost::asio::awaitable<HttpResponse> agents(std::string machine);
    boost::asio::awaitable<HttpResponse> proxy(std::string project, std::string target,
                                               HttpRequest request);

    // Sends a request on to a machine's daemon. A machine that does not answer is unavailable, and
    // the answer says why as far as its provider knows.
    boost::asio::awaitable<HttpResponse> forward(Machine machine, HttpRequest request);
    boost::asio::awaitable<Error> explain(Machine machine, HttpError error);

    Store& store_;
    Outbox& outbox_;
    Ports ports_;
    Provider& provider_;
    LifecycleOptions options_;
};

}  // namespace lifecycle
