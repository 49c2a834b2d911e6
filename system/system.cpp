#include "system/system.hpp"

#include <utility>

#include "system/api/api.hpp"
#include "system/identity/arbiter.hpp"
#include "system/lifecycle/destroy.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/provision.hpp"
#include "system/lifecycle/readiness.hpp"
#include "system/lifecycle/retention.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/monitor/watchdog.hpp"
#include "system/routing/router.hpp"
#include "system/store/installation.hpp"
#include "system/store/timeline.hpp"
#include "system/tasks/delegations.hpp"

namespace lifecycle {

namespace {

// The providers as each part asks them: why it does so is known by who it is.
struct ProvidersByClass {
    explicit ProvidersByClass(const Providers& all)
        : person(all.as(CallClass::person)),
          healing(all.as(CallClass::healing)),
          provisioning(all.as(CallClass::provisioning)),
          probing(all.as(CallClass::probing)),
          sweeping(all.as(CallClass::sweeping)) {}

    Providers person;
    Providers healing;
    Providers provisioning;
    Providers probing;
    Providers sweeping;
};

// The first start on a database gives it the identity that everything it makes will bear.
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
          tasks(ports.executor, std::move(on_fatal)),
          outbox(*store, ports, tasks, options.outbox),
          volumes(*store, ports, providers.provisioning, options.lifecycle),
          snapshots(*store, ports, providers.provisioning, options.lifecycle),
          provisioner(*store, ports, providers.provisioning, volumes, options.lifecycle),
          readiness(*store, ports, providers.healing, options.lifecycle),
          destroyer(*store, ports, providers.provisioning, options.lifecycle),
          router(*store, ports.http, providers.probing, options.lifecycle),
          delegations(*store, ports, providers.probing, options.lifecycle),
          arbiter(*store, ports, providers.probing, options.lifecycle),
          watchdog(*store, ports, providers.healing, outbox, options.lifecycle),
          reconciler(*store, ports, providers.sweeping, outbox, options.lifecycle),
          retention(*store, ports, providers.sweeping, options.lifecycle),
          api(*store, outbox, ports, tasks, providers.person, reconciler, counters,
              options.lifecycle) {
        claim(*store, ports.entropy, ports.clock, options.lifecycle.installation);
        outbox.add(std::string(kProvision), provisioner.consumer());
        outbox.add(std::string(kReadiness), readiness.consumer());
        outbox.add(std::string(kDestroy), destroyer.consumer());
        outbox.add(std::string(kRestart), provisioner.restarter());
        outbox.add(std::string(kStart), provisioner.starter());
        outbox.add(std::string(kDestroyVolume), volumes.destroyer());
        outbox.add(std::string(kReleaseVolume), volumes.releaser());
        outbox.add(std::string(kSnapshot), snapshots.consumer());
        outbox.add(std::string(kRoute), router.consumer());
        outbox.add(std::string(kRouteEnd), router.ender());
        outbox.add(std::string(kArbitrate), arbiter.consumer());
        outbox.add(std::string(kDelegate), delegations.consumer());
        outbox.add(std::string(kNext), next_consumer(ports));
        outbox.add(std::string(kDeadline), deadline_consumer(ports, options.lifecycle));
    }

    std::unique_ptr<Store> store;
    Timeline timeline;
    Ports ports;
    ProvidersByClass providers;
    TaskGroup tasks;
    Outbox outbox;
    Volumes volumes;
    Snapshots snapshots;
    Provisioner provisioner;
    Readiness readiness;
    Destroyer destroyer;
    Router router;
    Delegations delegations;
    Arbiter arbiter;
    Watchdog watchdog;
    Reconciler reconciler;
    Retention retention;
    Api api;
};

System::System(std::unique_ptr<Store> store, Ports ports, const Counters& counters,
               Providers providers, SystemOptions options, OnFatal on_fatal)
    : parts_(std::make_unique<Parts>(std::move(store), ports, counters, providers, options,
                                     std::move(on_fatal))) {}

System::~System() = default;

void System::start() {
    parts_->tasks.spawn(parts_->timeline.run());
    parts_->tasks.spawn(parts_->outbox.run());
    parts_->tasks.spawn(parts_->reconciler.run());
    parts_->tasks.spawn(parts_->watchdog.run());
    parts_->tasks.spawn(parts_->retention.run());
}

void System::stop(std::function<void()> when_idle) {
    parts_->timeline.stop();
    parts_->outbox.stop();
    parts_->reconciler.stop();
    parts_->watchdog.stop();
    parts_->retention.stop();
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
    return parts_->reconciler.sweep(apply);
}

Store& System::store() {
    return *parts_->store;
}

}  // namespace lifecycle
