#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/provision.hpp"
#include "system/model/reasons.hpp"
#include "system/routing/router.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/provider_resources.hpp"

// How a resource whose id is durable gets to run, and to run again.
namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How long to wait before looking again for what is not visible yet.
constexpr Duration kLookEvery = seconds(2);
// A machine in service that its provider does not find: how often in a row it is looked for before
// it is lost, and how far apart. Reads that go astray for a while come back within that.
constexpr std::int64_t kLossLooks = 5;
constexpr Duration kLossLookEvery = std::chrono::minutes(1);
// How long to wait for a host that its provider does not reach.
constexpr Duration kOutOfSight = seconds(10);

// Whoever asked for a restart has long looked elsewhere by then.
constexpr Duration kRestartWithin = std::chrono::minutes(30);

// A machine in service is not given up because a call failed: no answer says that it is lost.
Outcome after_call(const Machine& machine, const ProviderError& error) {
    if (machine.state != MachineState::active) return after(error);
    return Retry{describe(error), std::max<Duration>(error.retry_after, seconds(5))};
}

// The provider does not have what a machine runs on.
GiveUp gone(const Machine& machine) {
    return {fmt::format("{} resource {}", to_text(Reason::gone), machine.external_id)};
}

// How long until the next look at what takes its time: a quarter of the time that it has taken.
// That is soon for what is quick, and keeps far from any limit of a provider.
Duration look_again(const Event& event, Time now) {
    return std::clamp<Duration>((now - event.created_at) / 4, seconds(2), seconds(10));
}

}  // namespace

Consumer Provisioner::restarter() {
    Consumer consumer(Within{kRestartWithin});
    consumer.obsolete = is_out_of_service;
    consumer.consume = [this](Delivery delivery) { return restart(std::move(delivery)); };
    return consumer;
}

Consumer Provisioner::starter() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return keep_running(std::move(delivery)); };
    consumer.obsolete = is_out_of_service;
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view reason) {
        lose_machine(tx, event.machine, reason, ports_.clock.now());
    };
    return consumer;
}

boost::asio::awaitable<Outcome> Provisioner::restart(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Machine> {
        return find_machine(tx, id);
    };
    const auto found = co_await store_.read(std::move(read));
    if (!found || !in_service(*found) || found->external_id.empty()) {
        co_return Done{"the machine is not in service", {}};
    }
    const Machine& machine = *found;
    Provider* provider = providers_.find(machine.provider);
    if (provider == nullptr) co_return without_provider(machine.provider);
    const auto restarted = co_await provider->restart(machine.external_id);
    if (!restarted && restarted.error().error_class == Class::busy) {
        co_return Later{describe(restarted.error()), seconds(3)};
    }
    if (!restarted && restarted.error().error_class == Class::gone) {
        co_return gone(machine);
    }
    if (!restarted) co_return after(restarted.error());
    // Some providers leave it stopped: somebody has to look.
    co_return Done{"restarted", [this, id = machine.id](Tx& tx) {
                       record_history(tx, id, ports_.clock.now(), "restarted", "");
                       enqueue_start(tx, id, ports_.clock.now());
                   }};
}

boost::asio::awaitable<Outcome> Provisioner::keep_running(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Machine> {
        return find_machine(tx, id);
    };
    const auto found = co_await store_.read(std::move(read));
    if (!found || !in_service(*found) || found->external_id.empty()) {
        co_return Done{"the machine is not in service", {}};
    }
    if (providers_.find(found->provider) == nullptr) {
        co_return without_provider(found->provider);
    }
    auto outcome = co_await start(std::move(delivery), *found);
    co_return outcome;
}

boost::asio::awaitable<Outcome> Provisioner::absent(Delivery delivery, Machine machine) {
    auto count = [name = machine.id](Tx& tx) -> Result<std::int64_t> {
        return record_absence(tx, name);
    };
    const auto looks = co_await delivery.transact(std::move(count));
    if (!looks) co_return after(looks.error());
    if (machine.state == MachineState::active) {
        if (*looks < kLossLooks) co_return Later{"the resource is not found", kLossLookEvery};
    } else if (kLookEvery * *looks < options_.graces.visibility) {
        co_return Later{"the resource is not visible yet", kLookEvery};
    }
    co_return gone(machine);
}

boost::asio::awaitable<bool> Provisioner::sighted(Delivery delivery, std::string machine) {
    auto read = [&machine](ReadTx& tx) -> bool { return absences(tx, machine) > 0; };
    const auto missed = co_await store_.read(read);
    if (!missed) co_return true;
    auto forget = [name = machine](Tx& tx) -> Result<bool> {
        forget_absences(tx, name);
        return true;
    };
    const auto forgotten = co_await delivery.transact(std::move(forget));
    co_return forgotten.has_value();
}

boost::asio::awaitable<Outcome> Provisioner::start(Delivery delivery, Machine machine) {
    Provider& provider = *providers_.find(machine.provider);
    const Duration pause = look_again(delivery.event(), ports_.clock.now());
    auto resource = co_await provider.get(machine.external_id);
    if (!resource) {
        if (resource.error().error_class != Class::gone)
            co_return after_call(machine, resource.error());
        auto outcome = co_await absent(std::move(delivery), std::move(machine));
        co_return outcome;
    }
    const bool still_ours = co_await sighted(delivery, machine.id);
    if (!still_ours) co_return LeaseLost{};
    if (resource->partial) {
        co_return Later{"the provider does not reach the host of the resource", kOutOfSight};
    }
    switch (resource->state) {
        case ResourceState::started:
            co_return Done{"started", [this, id = machine.id, at = resource->address](Tx& tx) {
                               follow_address(tx, id, at, ports_.clock.now());
                           }};
        case ResourceState::failed:
            co_return GiveUp{"the provider could not launch resource " + machine.external_id};
        case ResourceState::destroying:
        case ResourceState::destroyed:
            co_return GiveUp{"the provider destroyed resource " + machine.external_id};
        case ResourceState::preparing:
        case ResourceState::stopped: {
            const auto asked = co_await provider.start(machine.external_id);
            if (!asked && asked.error().error_class == Class::busy) {
                co_return Later{describe(asked.error()), std::max<Duration>(pause, seconds(3))};
            }
            if (!asked) co_return after_call(machine, asked.error());
            co_return Later{"the resource was asked to start", pause};
        }
        case ResourceState::unknown:
            ports_.telemetry.record("machine.state-unknown", {{"machine", machine.id}});
            co_return Later{"the provider calls its state by an unknown word", pause};
        case ResourceState::starting:
        case ResourceState::stopping: break;
    }
    co_return Later{fmt::format("the resource is {}", to_string(resource->state)), pause};
}

}  // namespace lifecycle
