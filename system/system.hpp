#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "system/api/api.hpp"
#include "system/api/door.hpp"
#include "system/daemon/daemon_client.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/lifecycle.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/lifecycle/retention.hpp"
#include "system/monitor/watchdog.hpp"
#include "system/outbox/outbox.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/providers.hpp"
#include "system/routing/route_table.hpp"
#include "system/store/store.hpp"
#include "system/tasks/delegations.hpp"
#include "system/telemetry/counters.hpp"

namespace lifecycle {

struct SystemOptions {
    // What people call this control plane. What tells its resources from those of others is an
    // identity of its own, which its database keeps.
    std::string installation = "vivarium";
    std::string identity_key = {};  // that the secrets of boxes are derived from
    LifecycleOptions lifecycle = {};
    IdentityOptions identity = {};
    DaemonOptions daemon = {};
    RouteTableOptions routes = {};  // where others read which machine a project's is
    TaskOptions tasks = {};
    WatchdogOptions watchdog = {};
    RetentionOptions retention = {};
    ApiOptions api = {};
    OutboxOptions outbox = {};
};

// The control plane: everything between a request and the clouds. One thread, no globals; time,
// chance and the network only through its ports.
class System {
  public:
    // Told once when the core cannot go on: the store failed, or a bug threw outside of all that
    // can be given up alone. The process has to end; whatever was acknowledged is durable, and the
    // next start goes on from there.
    using OnFatal = std::function<void(std::exception_ptr)>;

    // Ports, providers and `counters` must outlive the system. What /v1/metrics counts is what
    // `counters` was told: give it to the store, the ports and the providers as their telemetry.
    System(std::unique_ptr<Store> store, Ports ports, const Counters& counters, Providers providers,
           SystemOptions options, OnFatal on_fatal);
    ~System();

    // Starts handling durable events.
    void start();

    // Takes no further events. `when_idle` is called when all that was in hand has ended; the
    // system may be destroyed then.
    void stop(std::function<void()> when_idle);

    // Answers one request that came in by that door; every answer that is an error says what is
    // wrong and what to do. A bug that one request meets is told (`kBug`) and ends that one alone.
    void serve(Door door, HttpRequest request, std::move_only_function<void(HttpResponse)> respond);

    // The longest body that a request with this head may have, in bytes: for whoever reads it.
    std::size_t max_body_bytes(Door door, const HttpRequest& head) const;

    // Compares rows and providers once and, if `apply`, repairs what differs.
    boost::asio::awaitable<ReconcileReport> reconcile(bool apply);

    // For looking from outside, within the caller's turn.
    Store& store();

    // The kinds of events that have a consumer.
    std::vector<EventKind> kinds() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace lifecycle
