#include "system/lifecycle/provision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"

namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How long to wait before looking again for what is not visible.
constexpr Duration kLookEvery = seconds(2);

// What an attempt that met this error does next.
Outcome after(const ProviderError& error) {
    if (error.error_class == Class::permanent) return GiveUp{describe(error)};
    const Duration at_least = error.error_class == Class::capacity ? seconds(15) : seconds(1);
    return Retry{describe(error), std::max(error.retry_after, at_least)};
}

Outcome of(const Error& error) {
    return error.code == ErrorCode::stale_lease ? Outcome(LeaseLost{})
                                                : Outcome(Retry{error.message});
}

bool is_leaving(const Resource& resource) {
    return resource.state == ResourceState::destroying ||
           resource.state == ResourceState::destroyed;
}

}  // namespace

Labels ownership_labels(const Machine& machine) {
    return {{"vivarium_project", machine.project}, {"vivarium_machine", machine.id}};
}

Provisioner::Provisioner(Store& store, Ports ports, Provider& provider, LifecycleOptions options)
    : store_(store), ports_(std::move(ports)), provider_(provider), options_(std::move(options)) {}

Consumer Provisioner::consumer() {
    Consumer consumer;
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view reason) {
        fail_machine(tx, event.machine, reason, ports_.clock.now());
    };
    consumer.max_attempts = 10;
    consumer.backoff_first = seconds(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Provisioner::consume(Delivery delivery) {
    auto read = [id = delivery.event().machine](Tx& tx) -> Result<std::optional<Attempt>> {
        auto machine = find_machine(tx, id);
        if (!machine) return std::nullopt;
        return Attempt{*machine, find_resource(tx, id)};
    };
    auto attempt = co_await store_.transact(std::move(read));
    if (!attempt->has_value()) co_return Done{"there is no such machine", {}};
    Machine machine = (*attempt)->machine;
    if (machine.state != MachineState::starting) {
        co_return Done{fmt::format("the machine is {}", to_string(machine.state)), {}};
    }
    if (machine.external_id.empty()) {
        auto resource = co_await find_or_create(delivery, **attempt);
        if (!resource) co_return std::move(resource.error());
        auto persisted = co_await persist(delivery, std::move(machine), std::move(*resource));
        if (!persisted) co_return std::move(persisted.error());
        machine = std::move(*persisted);
    }
    auto started = co_await start(std::move(delivery), std::move(machine));
    co_return started;
}

boost::asio::awaitable<std::expected<Resource, Outcome>> Provisioner::find_or_create(
    Delivery delivery, Attempt attempt) {
    if (attempt.asked) {
        // An earlier create may have happened without our hearing of it.
        Labels labels = ownership_labels(attempt.machine);
        auto found = co_await provider_.find(std::move(labels));
        if (!found) co_return std::unexpected(after(found.error()));
        for (Resource& resource : *found) {
            if (!is_leaving(resource)) {
                ports_.telemetry.record("machine.adopted", {{"machine", attempt.machine.id},
                                                            {"external_id", resource.external_id},
                                                            {"found_by", "labels"}});
                co_return std::move(resource);
            }
        }
    }
    auto created = co_await create(std::move(delivery), std::move(attempt.machine));
    co_return created;
}

boost::asio::awaitable<std::expected<Resource, Outcome>> Provisioner::create(Delivery delivery,
                                                                             Machine machine) {
    // The obligation first: a name that was asked for is owed a destruction until it is gone.
    auto record = [this, machine](Tx& tx) -> Result<bool> {
        const auto now_at = find_machine(tx, machine.id);
        if (!now_at || now_at->state != MachineState::starting) return false;
        record_ask(tx, machine.id, machine.id, ports_.clock.now());
        return true;
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(of(recorded.error()));
    if (!*recorded) {
        co_return std::unexpected(Outcome(Done{"the machine was retired before it was made", {}}));
    }
    CreateResource request;
    request.name = machine.id;
    request.spec = machine.spec;
    request.labels = ownership_labels(machine);
    request.environment = {{"VIVARIUM_CONTROL", options_.control_authority},
                           {"VIVARIUM_MACHINE", machine.id},
                           {"VIVARIUM_PROJECT", machine.project}};
    auto created = co_await provider_.create(std::move(request));
    if (created) co_return std::move(*created);
    if (created.error().error_class != Class::conflict) {
        co_return std::unexpected(after(created.error()));
    }
    auto adopted = co_await adopt(std::move(machine), std::move(created.error()));
    co_return adopted;
}

boost::asio::awaitable<std::expected<Resource, Outcome>> Provisioner::adopt(
    Machine machine, ProviderError conflict) {
    if (conflict.conflicting_id.empty()) {
        // The next attempt looks for it by its labels.
        co_return std::unexpected(Outcome(Retry{"the name is taken: " + conflict.detail}));
    }
    auto resource = co_await provider_.get(conflict.conflicting_id);
    if (!resource) co_return std::unexpected(after(resource.error()));
    if (is_leaving(*resource)) {
        co_return std::unexpected(
            Outcome(Later{"a resource of that name is being destroyed", seconds(5)}));
    }
    for (const auto& [name, value] : ownership_labels(machine)) {
        const auto label = resource->labels.find(name);
        if (label == resource->labels.end() || label->second != value) {
            co_return std::unexpected(
                Outcome(GiveUp{fmt::format("the name {} belongs to resource {}, which is not ours",
                                           machine.id, resource->external_id)}));
        }
    }
    ports_.telemetry.record("machine.adopted", {{"machine", machine.id},
                                                {"external_id", resource->external_id},
                                                {"found_by", "conflict"}});
    co_return std::move(*resource);
}

boost::asio::awaitable<std::expected<Machine, Outcome>> Provisioner::persist(Delivery delivery,
                                                                             Machine machine,
                                                                             Resource resource) {
    auto record = [this, machine, resource](Tx& tx) -> Result<std::optional<Machine>> {
        const Time now = ports_.clock.now();
        record_present(tx, machine.id, resource.external_id);
        forget_absences(tx, machine.id);
        if (!set_external_id(tx, machine.id, resource.external_id, resource.address, now)) {
            return std::nullopt;
        }
        auto present = find_machine(tx, machine.id);
        if (present->daemon_status == DaemonStatus::ready) enqueue_readiness(tx, machine.id, now);
        return present;
    };
    auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(of(recorded.error()));
    if (!*recorded) {
        // The retirement has enqueued the destruction, which waits behind this event.
        co_return std::unexpected(Outcome(Done{"the machine was retired while it was made", {}}));
    }
    ports_.telemetry.record("machine.provisioned",
                            {{"machine", machine.id}, {"external_id", resource.external_id}});
    co_return std::move(**recorded);
}

boost::asio::awaitable<Outcome> Provisioner::absent(Delivery delivery, Machine machine) {
    auto count = [name = machine.id](Tx& tx) -> Result<std::int64_t> {
        return record_absence(tx, name);
    };
    const auto looks = co_await delivery.transact(std::move(count));
    if (!looks) co_return of(looks.error());
    if (kLookEvery * *looks < options_.visibility_grace) {
        co_return Later{"the resource is not visible yet", kLookEvery};
    }
    co_return GiveUp{"the provider no longer has resource " + machine.external_id};
}

boost::asio::awaitable<Outcome> Provisioner::start(Delivery delivery, Machine machine) {
    auto resource = co_await provider_.get(machine.external_id);
    if (!resource) {
        if (resource.error().error_class != Class::gone) co_return after(resource.error());
        auto outcome = co_await absent(std::move(delivery), std::move(machine));
        co_return outcome;
    }
    switch (resource->state) {
        case ResourceState::started: co_return Done{"started", {}};
        case ResourceState::failed:
            co_return GiveUp{"the provider could not launch resource " + machine.external_id};
        case ResourceState::destroying:
        case ResourceState::destroyed:
            co_return GiveUp{"the provider destroyed resource " + machine.external_id};
        case ResourceState::preparing:
        case ResourceState::stopped: {
            const auto started = co_await provider_.start(machine.external_id);
            if (!started && started.error().error_class == Class::busy) {
                co_return Later{describe(started.error()), seconds(3)};
            }
            if (!started) co_return after(started.error());
            break;
        }
        case ResourceState::starting:
        case ResourceState::stopping:
        case ResourceState::unknown: break;
    }
    const auto waited = co_await provider_.wait_started(machine.external_id, seconds(30));
    if (waited) co_return Done{"started", {}};
    if (waited.error().error_class == Class::not_yet || waited.error().error_class == Class::gone) {
        co_return Later{describe(waited.error()), seconds(2)};
    }
    co_return after(waited.error());
}

}  // namespace lifecycle
