#include "system/system.hpp"

#include <utility>

#include "system/identity/arbiter.hpp"
#include "system/outbox/gauges.hpp"
#include "system/providers/gauges.hpp"
#include "system/registry/registry.hpp"
#include "system/routing/router.hpp"
#include "system/rows/installation.hpp"
#include "system/store/timeline.hpp"

namespace lifecycle {

namespace {

// The first start on a database gives it the identity that everything it makes will have.
void claim(Store& store, Entropy& entropy, Clock& clock, const std::string& name) {
    const auto read = [](ReadTx& tx) -> Result<Installation> { return installation_of(tx); };
    const auto known = store.read_now(read);
    if (!known->id.empty() && known->name == name) return;
    constexpr std::uint64_t kChances = std::uint64_t{1} << 60;
    const Time now = clock.now();
    const std::string id = installation_id(known->id.empty() ? entropy.below(kChances) : 0, now);
    const auto make = [&](Tx& tx) -> Result<Installation> {
        return claim_installation(tx, id, name, now);
    };
    static_cast<void>(store.transact_now(make));
}

}  // namespace

struct System::Parts {
    Parts(std::unique_ptr<Store> opened, const Ports& outside, const Counters& counters,
          const Providers& known, const SystemOptions& options, OnFatal on_fatal)
        : store(std::move(opened)),
          timeline(*store, outside.clock, outside.telemetry),
          ports{outside.executor, timeline, outside.http, outside.entropy, outside.telemetry},
          providers(known),
          key(options.identity_key),
          tasks(ports.executor, std::move(on_fatal)),
          outbox(*store, ports, tasks, options.outbox),
          lifecycle(*store, ports, providers, key, options.daemon, options.lifecycle, outbox,
                    [](Tx& tx, const Machine& machine, Time now) {
                        hasten_delegations(tx, machine.project, now);
                    }),
          router(*store, ports.http, providers.probing, options.daemon, options.routes),
          delegations(*store, ports, providers.probing, options.daemon),
          arbiter(*store, ports, providers.probing, key, options.identity, options.daemon),
          watchdog(*store, ports, providers.healing, outbox, options.watchdog,
                   options.lifecycle.machines),
          registry(install()),
          retention(*store, ports, options.retention, outbox.kinds(EventKind::Lifetime::by_age)),
          api({*store, outbox, ports, tasks, providers.person, lifecycle.reconciler(), counters,
               gauges, key, options.lifecycle.machines, options.identity, options.daemon,
               options.tasks},
              options.api) {
        claim(*store, ports.entropy, ports.clock, options.installation);
        registry.loops.push_back(&retention);
    }

    Registry install() {
        Registry all{outbox, gauges, {&timeline, &outbox}};
        gauges.add(outbox_gauges());
        gauges.add(provider_gauges(providers.person, ports.clock));
        lifecycle.install(all);
        router.install(all);
        delegations.install(all);
        arbiter.install(all);
        watchdog.install(all);
        return all;
    }

    std::unique_ptr<Store> store;
    Timeline timeline;
    Ports ports;
    ProvidersByClass providers;
    IdentityKey key;
    TaskGroup tasks;
    Outbox outbox;
    Gauges gauges;
    Lifecycle lifecycle;
    Router router;
    Delegations delegations;
    Arbiter arbiter;
    Watchdog watchdog;
    Registry registry;
    Retention retention;
    Api api;
};

System::System(std::unique_ptr<Store> store, Ports ports, const Counters& counters,
               Providers providers, SystemOptions options, OnFatal on_fatal)
    : parts_(std::make_unique<Parts>(std::move(store), ports, counters, providers, options,
                                     std::move(on_fatal))) {}

System::~System() = default;

void System::start() {
    for (Loop* loop : parts_->registry.loops) parts_->tasks.spawn(loop->run());
}

void System::stop(std::function<void()> when_idle) {
    for (Loop* loop : parts_->registry.loops) loop->stop();
    if (parts_->tasks.running() == 0) {
        when_idle();
    } else {
        parts_->tasks.on_idle(std::move(when_idle));
    }
}

namespace {

boost::asio::awaitable<void> answer(Api* api, Door door, HttpRequest request,
                                    std::move_only_function<void(HttpResponse)> respond) {
    HttpResponse response = co_await api->handle(door, std::move(request));
    respond(std::move(response));
}

}  // namespace

void System::serve(Door door, HttpRequest request,
                   std::move_only_function<void(HttpResponse)> respond) {
    parts_->tasks.spawn(answer(&parts_->api, door, std::move(request), std::move(respond)));
}

std::size_t System::max_body_bytes(Door door, const HttpRequest& head) const {
    return parts_->api.max_body_bytes(door, head);
}

boost::asio::awaitable<ReconcileReport> System::reconcile(bool apply) {
    return parts_->lifecycle.reconciler().sweep(apply);
}

std::vector<EventKind> System::kinds() const {
    std::vector<EventKind> all = parts_->outbox.kinds(EventKind::Lifetime::with_machine);
    for (const EventKind& kind : parts_->outbox.kinds(EventKind::Lifetime::by_age)) {
        all.push_back(kind);
    }
    return all;
}

Store& System::store() {
    return *parts_->store;
}

}  // namespace lifecycle
