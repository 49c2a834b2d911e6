#include "system/lifecycle/provision.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "system/lifecycle/adoption.hpp"
#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/ownership.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/provider_resources.hpp"

namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

}  // namespace

Provisioner::Provisioner(Store& store, Ports ports, const Providers& providers, Volumes& volumes,
                         const IdentityKey& key, ProvisionOptions options)
    : Component(store, std::move(ports), providers),
      volumes_(volumes),
      key_(key),
      options_(std::move(options)) {}

Consumer Provisioner::consumer() {
    Consumer consumer(UntilItsDeadline{});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.obsolete = is_out_of_service;
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view reason) {
        fail_machine(tx, event.machine, reason, ports_.clock.now());
    };
    consumer.backoff_first = seconds(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Provisioner::consume(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Attempt> {
        auto machine = find_machine(tx, id);
        if (!machine) return std::nullopt;
        return Attempt{*machine, find_resource(tx, id), {}};
    };
    auto attempt = co_await store_.read(std::move(read));
    if (!attempt) co_return Done{"there is no such machine", {}};
    Machine machine = attempt->machine;
    if (machine.state != MachineState::starting) {
        co_return Done{fmt::format("the machine is {}", to_string(machine.state)), {}};
    }
    if (providers_.find(machine.provider) == nullptr) {
        co_return without_provider(machine.provider);
    }
    if (machine.external_id.empty()) {
        auto resource = co_await find_or_create(delivery, *attempt);
        if (!resource) co_return std::move(resource.error());
        auto persisted = co_await persist(delivery, std::move(machine), std::move(*resource));
        if (!persisted) co_return std::move(persisted.error());
        machine = std::move(*persisted);
    }
    auto started = co_await start(std::move(delivery), std::move(machine));
    co_return started;
}

Provisioner::Step<Resource> Provisioner::find_or_create(Delivery delivery, Attempt attempt) {
    if (!attempt.machine.volume.empty()) {
        auto volume = co_await volumes_.ensure(delivery, attempt.machine);
        if (!volume) co_return std::unexpected(std::move(volume.error()));
        attempt.volume = volume->external_id;
        attempt.machine.volume = volume->name;
        attempt.machine.spec.region = volume->region;
    }
    if (attempt.asked) {
        // An earlier create may have happened without our hearing of it.
        Labels labels = ownership_labels(attempt.machine);
        auto found = co_await providers_.find(attempt.machine.provider)->find(std::move(labels));
        if (!found) co_return std::unexpected(after(found.error()));
        const Resource* chosen = best_candidate(found->found);
        if (chosen != nullptr) {
            auto verified = co_await verify(std::move(attempt), *chosen, "labels");
            co_return verified;
        }
        if (!found->complete()) {
            co_return std::unexpected(Outcome(Retry{describe_unreadable(found->unreadable)}));
        }
        if (!attempt.machine.volume.empty()) {
            auto free = co_await volumes_.expect_free(delivery, attempt.machine, attempt.volume);
            if (!free) co_return std::unexpected(std::move(free.error()));
        }
    }
    auto created = co_await create(std::move(delivery), std::move(attempt));
    co_return created;
}

Provisioner::Step<Resource> Provisioner::create(Delivery delivery, Attempt attempt) {
    const Machine& machine = attempt.machine;
    // The obligation first: a name that was asked for is owed a destruction until it is gone.
    auto first_use = std::make_shared<bool>(false);
    auto record = [this, id = machine.id, first_use](Tx& tx) -> Result<bool> {
        const auto now_at = find_machine(tx, id);
        if (!now_at || now_at->state != MachineState::starting) return false;
        record_ask(tx, id, id, ports_.clock.now());
        *first_use = Volumes::expect_data(tx, now_at->volume);
        return true;
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(after(recorded.error()));
    if (!*recorded) {
        co_return std::unexpected(Outcome(Done{"the machine was retired before it was made", {}}));
    }
    CreateResource request;
    request.name = machine.id;
    request.spec = machine.spec;
    request.volume = attempt.volume;
    request.labels = ownership_labels(machine);
    request.environment = {{"VIVARIUM_CONTROL", options_.control_authority},
                           {"VIVARIUM_MACHINE", machine.id},
                           {"VIVARIUM_BOOTSTRAP", key_.bootstrap_secret(machine.id)},
                           {"VIVARIUM_PROJECT", machine.project}};
    auto created = co_await providers_.find(machine.provider)->create(std::move(request));
    if (created) co_return std::move(*created);
    if (created.error().error_class != Class::conflict) {
        auto outcome = co_await not_created(std::move(delivery), std::move(attempt.machine),
                                            created.error(), *first_use);
        co_return std::unexpected(std::move(outcome));
    }
    auto adopted = co_await adopt(std::move(attempt), std::move(created.error()));
    co_return adopted;
}

boost::asio::awaitable<Outcome> Provisioner::not_created(Delivery delivery, Machine machine,
                                                         ProviderError error, bool first_use) {
    const bool mounts = !machine.volume.empty();
    if (mounts && first_use) {
        const auto restored = co_await volumes_.refused(delivery, machine.volume, error);
        if (!restored) co_return after(restored.error());
    }
    // A volume pins its machines to its host: one that is full has no room beside it.
    const bool no_room = error.error_class == Class::capacity_host ||
                         error.error_class == Class::capacity_volume ||
                         error.error_class == Class::capacity_region;
    const bool no_volume = error.error_class == Class::volume_gone;
    if (mounts && no_room) {
        auto moved = co_await volumes_.move(std::move(delivery), std::move(machine), error);
        co_return moved;
    }
    if (mounts && no_volume) {
        auto replaced = co_await volumes_.lost(std::move(delivery), std::move(machine));
        co_return replaced;
    }
    if (mounts && error.error_class == Class::busy) co_return Later{describe(error), kVolumeBound};
    if (error.error_class != Class::capacity_region) co_return after(error);
    const std::string region = next_region(options_.defaults, machine.spec.region);
    auto change = [this, id = machine.id, region](Tx& tx) -> Result<bool> {
        set_region(tx, id, region);
        record_history(tx, id, ports_.clock.now(), "region", region);
        return true;
    };
    const auto changed = co_await delivery.transact(std::move(change));
    if (!changed) co_return after(changed.error());
    ports_.telemetry.record("machine.region", {{"machine", machine.id}, {"region", region}});
    const bool all_tried = region == machine.spec.region || region == options_.defaults.region;
    co_return Retry{describe(error), all_tried ? seconds(15) : seconds(1)};
}

Provisioner::Step<Resource> Provisioner::adopt(Attempt attempt, ProviderError conflict) {
    if (conflict.conflicting_id.empty()) {
        ports_.telemetry.record("machine.conflict-unreadable",
                                {{"machine", attempt.machine.id}, {"body", conflict.detail}});
        // The next attempt looks for it by its labels.
        co_return std::unexpected(Outcome(Retry{"the name is taken: " + conflict.detail}));
    }
    Provider& provider = *providers_.find(attempt.machine.provider);
    auto resource = co_await provider.get(conflict.conflicting_id);
    // If it vanished, the next attempt begins anew; nothing is created here.
    if (!resource) co_return std::unexpected(after(resource.error()));
    if (is_leaving(*resource)) {
        co_return std::unexpected(
            Outcome(Later{"a resource of that name is being destroyed", seconds(5)}));
    }
    auto verified = co_await verify(std::move(attempt), std::move(*resource), "conflict");
    co_return verified;
}

Provisioner::Step<Resource> Provisioner::verify(Attempt attempt, Resource resource,
                                                std::string found_by) {
    const Machine& machine = attempt.machine;
    const Fitness fitness = judge(resource, ownership_labels(machine), attempt.volume);
    if (fitness == Fitness::unknown) {
        co_return std::unexpected(
            Outcome(Later{fmt::format("the provider does not reach the host of resource {}",
                                      resource.external_id),
                          seconds(10)}));
    }
    if (fitness == Fitness::not_ours) {
        co_return std::unexpected(
            Outcome(GiveUp{fmt::format("the name {} belongs to resource {}, which is not ours",
                                       machine.id, resource.external_id)}));
    }
    if (fitness == Fitness::other_volume) {
        ports_.telemetry.record("machine.mismatch", {{"machine", machine.id},
                                                     {"external_id", resource.external_id},
                                                     {"mounts", resource.volume},
                                                     {"expected", attempt.volume}});
        const auto destroyed =
            co_await providers_.find(machine.provider)->destroy(resource.external_id);
        if (!destroyed && destroyed.error().error_class != Class::gone) {
            co_return std::unexpected(after(destroyed.error()));
        }
        co_return std::unexpected(
            Outcome(Retry{"a resource of that name mounted another volume; it is destroyed"}));
    }
    ports_.telemetry.record(
        "machine.adopted",
        {{"machine", machine.id}, {"external_id", resource.external_id}, {"found_by", found_by}});
    co_return std::move(resource);
}

Provisioner::Step<Machine> Provisioner::persist(Delivery delivery, Machine machine,
                                                Resource resource) {
    auto record = [this, machine, resource](Tx& tx) -> Result<std::optional<Machine>> {
        const Time now = ports_.clock.now();
        record_present(tx, machine.id, resource.external_id);
        forget_absences(tx, machine.id);
        if (!set_external_id(tx, machine.id, resource.external_id, resource.address, now)) {
            return std::nullopt;
        }
        // It keeps the size that it has.
        if (resource.cpus > 0 && resource.memory_mb > 0) {
            set_size(tx, machine.id, resource.cpus, resource.memory_mb);
        }
        auto present = find_machine(tx, machine.id);
        // The daemon of a machine that runs already may have said so to a life before this one, and
        // will not say it again.
        if (present->daemon_status == DaemonStatus::ready ||
            resource.state == ResourceState::started) {
            enqueue_readiness(tx, machine.id, now);
        }
        return present;
    };
    auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(after(recorded.error()));
    if (!*recorded) {
        // The retirement has enqueued the destruction, which waits behind this event.
        co_return std::unexpected(Outcome(Done{"the machine was retired while it was made", {}}));
    }
    ports_.telemetry.record("machine.provisioned",
                            {{"machine", machine.id}, {"external_id", resource.external_id}});
    co_return std::move(**recorded);
}

}  // namespace lifecycle
