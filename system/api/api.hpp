#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "system/concurrency/shared_reads.hpp"
#include "system/identity/secrets.hpp"
#include "system/lifecycle/options.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/model/error.hpp"
#include "system/outbox/outbox.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/providers.hpp"
#include "system/store/store.hpp"
#include "system/telemetry/counters.hpp"

namespace lifecycle {

// The HTTP face of the control plane: docs/api.md lists its routes.
class Api {
  public:
    Api(Store& store, Outbox& outbox, Ports ports, TaskGroup& tasks, const Providers& providers,
        Reconciler& reconciler, const Counters& counters, LifecycleOptions options);

    boost::asio::awaitable<HttpResponse> handle(HttpRequest request);

    // The longest body that a request may have, in bytes.
    static constexpr std::size_t kLongestBody = 1'048'576;

  private:
    using Answer = boost::asio::awaitable<HttpResponse>;

    Answer route(HttpRequest request);
    Answer route_project(std::vector<std::string> path, HttpRequest request);
    Answer route_machine(std::vector<std::string> path, HttpRequest request);

    Answer create(std::string project, HttpRequest request);
    Answer list(std::string project, HttpRequest request);
    Answer project(std::string project);
    Answer errors(std::string project);
    Answer recreate(std::string project, HttpRequest request);
    Answer delegate_work(std::string project, HttpRequest request);
    Answer delegations(std::string project, HttpRequest request);
    Answer snapshot(std::string project, HttpRequest request);
    Answer conclude_delegation(std::string delegation, HttpRequest request);
    Answer archive(std::string project, HttpRequest request);
    Answer bind(std::string project, HttpRequest request);
    Answer get(std::string machine);
    Answer retire(std::string machine, HttpRequest request);
    Answer restart(std::string machine, HttpRequest request);
    Answer history(std::string machine, HttpRequest request);
    Answer register_box(std::string machine, HttpRequest request);
    Answer status(std::string machine, HttpRequest request);
    Answer rotate(std::string machine, HttpRequest request);
    Answer agents(std::string machine);
    Answer proxy(std::string project, std::string target, HttpRequest request);
    Answer push(HttpRequest request);
    Answer reconcile(HttpRequest request);
    Answer metrics();

    // Sends a request on to a machine's daemon. A machine that does not answer is unavailable, and
    // the answer says why as far as its provider knows.
    Answer forward(Machine machine, HttpRequest request);
    boost::asio::awaitable<Error> explain(Machine machine, std::string error);
    // Where the machine's daemon is; not_yet if its provider does not say so in time.
    boost::asio::awaitable<ProviderResult<Endpoint>> way_to(Machine machine);
    std::int64_t heartbeat_seconds() const;

    Store& store_;
    Outbox& outbox_;
    Ports ports_;
    const Providers& providers_;
    Reconciler& reconciler_;
    const Counters& counters_;
    LifecycleOptions options_;
    IdentityKey key_;
    SharedReads<ProviderResult<Endpoint>> ways_;       // by machine
    SharedReads<ProviderResult<Resource>> sightings_;  // by machine
};

}  // namespace lifecycle
