#include "system/lifecycle/volumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/events.hpp"

namespace lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Class = ProviderErrorClass;

// How long a volume that was copied is kept: the copy is filled in the background.
constexpr Duration kKeepCopied = hours(1);

}  // namespace

std::string next_region(const LifecycleOptions& options, const std::string& region) {
    const auto& all = options.regions;
    const auto at = std::find(all.begin(), all.end(), region);
    if (all.empty()) return region;
    return at == all.end() || at + 1 == all.end() ? all.front() : *(at + 1);
}

boost::asio::awaitable<std::expected<std::string, Outcome>> Volumes::ensure(Delivery delivery,
                                                                            Machine machine) {
    auto read = [name = machine.volume](Tx& tx) -> Result<std::optional<VolumeRow>> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.transact(std::move(read));
    if (!row->has_value() || (*row)->state == "leaving" || (*row)->state == "gone") {
        co_return std::unexpected(Outcome(GiveUp{"the volume of the project has been given up"}));
    }
    if (!(*row)->external_id.empty()) co_return (*row)->external_id;
    auto made = co_await find_or_create(std::move(delivery), std::move(machine), **row);
    co_return made;
}

boost::asio::awaitable<std::expected<std::string, Outcome>> Volumes::find_or_create(
    Delivery delivery, Machine machine, VolumeRow row) {
    Provider& provider = *providers_.find(machine.provider);
    // Without a look that succeeded nothing is made: it may be there, with data.
    const auto found = co_await provider.find_volumes(row.name);
    if (!found) co_return std::unexpected(after(found.error()));
    std::string id;
    for (const Volume& volume : *found) {
        if (volume.usable) id = volume.id;  // the newest comes last
    }
    if (id.empty() && row.used && row.copy_of.empty()) {
        co_return std::unexpected(
            Outcome(GiveUp{fmt::format("volume {} may hold data and is lost", row.name)}));
    }
    if (id.empty()) {
        CreateVolume request;
        request.name = row.name;
        request.region = row.region;
        request.size_gb = row.size_gb;
        request.copy_of = row.copy_of;
        const auto created = co_await provider.create_volume(std::move(request));
        if (!created && created.error().error_class == Class::capacity_region) {
            auto outcome = co_await move(std::move(delivery), std::move(machine), created.error());
            co_return std::unexpected(std::move(outcome));
        }
        if (!created) co_return std::unexpected(after(created.error()));
        id = created->id;
    }
    auto record = [name = row.name, id](Tx& tx) -> Result<std::string> {
        return set_volume_id(tx, name, id);
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(after(recorded.error()));
    if (*recorded != id)
        co_return std::unexpected(Outcome(Retry{"another attempt was quicker to find or make it"}));
    ports_.telemetry.record("volume.present",
                            {{"volume", row.name}, {"external_id", id}, {"copy_of", row.copy_of}});
    co_return id;
}

boost::asio::awaitable<std::expected<void, Outcome>> Volumes::expect_free(Machine machine) {
    const auto found = co_await providers_.find(machine.provider)->find_volumes(machine.volume);
    if (!found) co_return std::unexpected(after(found.error()));
    for (const Volume& volume : *found) {
        if (!volume.usable || volume.attached_to.empty()) continue;
        co_return std::unexpected(Outcome(Later{
            fmt::format("volume {} is bound to {}", volume.id, volume.attached_to), kVolumeBound}));
    }
    co_return std::expected<void, Outcome>();
}

boost::asio::awaitable<Outcome> Volumes::move(Delivery delivery, Machine machine,
                                              ProviderError why) {
    // Another host of the same region will do, unless the region is full.
    const bool leave_region = why.error_class == Class::capacity_region;
    auto change = [this, machine, leave_region](Tx& tx) -> Result<bool> {
        const auto present = find_machine(tx, machine.id);
        const auto old = find_volume(tx, machine.volume);
        if (!present || present->state != MachineState::starting || !old) return false;
        const std::string region = leave_region ? next_region(options_, old->region) : old->region;
        if (old->state == "asked") {
            // Nothing is there yet, or nothing that anybody has used.
            set_volume_region(tx, old->name, region);
        } else {
            const Time now = ports_.clock.now();
            set_volume_state(tx, old->name, "leaving");
            const VolumeRow copy =
                insert_volume(tx, old->project, old->provider, region, old->size_gb,
                              old->used ? std::string_view(old->external_id) : std::string_view());
            set_volume(tx, machine.id, copy.name);
            enqueue_volume_destroy(tx, old->name, machine.id, now,
                                   old->used ? now + kKeepCopied : now);
            record_history(tx, machine.id, now, "volume-moved",
                           fmt::format("{} to {} in {}", old->name, copy.name, region));
            tx.tell("volume.moved", {{"machine", machine.id},
                                     {"volume", old->name},
                                     {"replaced_by", copy.name},
                                     {"copied", std::int64_t{old->used ? 1 : 0}}});
        }
        set_region(tx, machine.id, region);
        return true;
    };
    const auto changed = co_await delivery.transact(std::move(change));
    if (!changed) co_return after(changed.error());
    co_return Retry{describe(why)};
}

boost::asio::awaitable<Outcome> Volumes::lost(Delivery delivery, Machine machine) {
    auto change = [this, machine](Tx& tx) -> Result<bool> {
        const auto old = find_volume(tx, machine.volume);
        const auto present = find_machine(tx, machine.id);
        if (!old || !present || present->state != MachineState::starting) return true;
        if (old->used) return false;
        const VolumeRow next =
            insert_volume(tx, old->project, old->provider, old->region, old->size_gb, "");
        set_volume_state(tx, old->name, "leaving");
        set_volume(tx, machine.id, next.name);
        enqueue_volume_destroy(tx, old->name, machine.id, ports_.clock.now(), ports_.clock.now());
        return true;
    };
    const auto replaced = co_await delivery.transact(std::move(change));
    if (!replaced) co_return after(replaced.error());
    if (!*replaced) {
        co_return GiveUp{fmt::format("volume {} may hold data and is lost", machine.volume)};
    }
    co_return Retry{"the volume was not usable any more; another is made"};
}

Consumer Volumes::destroyer() {
    Consumer consumer;
    consumer.consume = [this](Delivery delivery) { return destroy(std::move(delivery)); };
    consumer.max_attempts = 0;
    consumer.backoff_first = seconds(5);
    consumer.backoff_longest = std::chrono::minutes(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Volumes::destroy(Delivery delivery) {
    // The event's key ends with the volume's name.
    const std::string& key = delivery.event().ordering_key;
    const std::string name = key.substr(key.find(':') + 1);
    auto read = [name](Tx& tx) -> Result<std::optional<VolumeRow>> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.transact(std::move(read));
    if (!row->has_value() || (*row)->state != "leaving") co_return Done{"nothing to destroy", {}};
    Provider* provider = providers_.find((*row)->provider);
    if (provider == nullptr) co_return Retry{"there is no provider " + (*row)->provider};
    const auto found = co_await provider->find_volumes(name);
    if (!found) co_return Retry{describe(found.error()), found.error().retry_after};
    bool left = false;
    for (const Volume& volume : *found) {
        if (!volume.usable) continue;
        left = true;
        // Its machine first: while that holds it, the provider refuses.
        if (!volume.attached_to.empty()) continue;
        const auto destroyed = co_await provider->destroy_volume(volume.id);
        if (!destroyed && destroyed.error().error_class != Class::gone) {
            co_return Retry{describe(destroyed.error()), destroyed.error().retry_after};
        }
    }
    if (left) co_return Later{"volumes of that name are being destroyed", seconds(20)};
    co_return Done{"gone", [name](Tx& tx) { set_volume_state(tx, name, "gone"); }};
}

}  // namespace lifecycle
