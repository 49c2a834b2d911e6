#include "system/lifecycle/volumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/volume_changes.hpp"
#include "system/rows/machines.hpp"

namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How often to look whether a host answers again.
constexpr Duration kInReachEvery = seconds(30);

// And how often an attempt may have failed before it is not worth waiting for any longer.
constexpr std::int64_t kMaxAttemptsOutOfReach = 8;

// How an attempt ends that needs what is on a host out of reach: a person has to know.
Outcome cannot_be_copied(const Delivery& delivery, std::string_view id) {
    std::string why = fmt::format(
        "volume {} is on a host that is out of reach, and what it holds cannot be copied from "
        "there: create a machine again when the host is back, or archive the project, which gives "
        "the data up",
        id);
    if (delivery.event().attempts >= kMaxAttemptsOutOfReach) return GiveUp{std::move(why)};
    return Retry{std::move(why), kInReachEvery};
}

}  // namespace

std::string next_region(const MachineDefaults& defaults, const std::string& region) {
    const auto& all = defaults.regions;
    const auto at = std::find(all.begin(), all.end(), region);
    if (all.empty()) return region;
    return at == all.end() || at + 1 == all.end() ? all.front() : *(at + 1);
}

Volumes::Step<VolumeRow> Volumes::ensure(Delivery delivery, Machine machine) {
    auto read = [name = machine.volume](ReadTx& tx) -> std::optional<VolumeRow> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    if (!row || !is_current(row->state)) {
        co_return std::unexpected(Outcome(GiveUp{"the volume of the project has been given up"}));
    }
    if (!row->external_id.empty()) co_return *row;
    auto made = co_await find_or_create(std::move(delivery), std::move(machine), *row);
    co_return made;
}

Volumes::Step<VolumeRow> Volumes::find_or_create(Delivery delivery, Machine machine,
                                                 VolumeRow row) {
    // Without a look that succeeded nothing is made: it may be there, with data.
    auto listed = co_await providers_.find(row.provider)->find_volumes(row.name);
    if (!listed) co_return std::unexpected(after(listed.error()));
    if (!listed->complete()) {
        co_return std::unexpected(Outcome(Retry{describe_unreadable(listed->unreadable)}));
    }
    std::vector<Volume> found = std::move(listed->found);
    std::erase_if(found, [](const Volume& one) { return !one.usable; });
    if (found.size() > 1 && row.used) {
        co_return std::unexpected(Outcome(GiveUp{fmt::format(
            "{} volumes are called {}, and which of them holds the data of the project is not "
            "known: destroy or rename all but that one, and create a machine again",
            found.size(), row.name)}));
    }
    if (found.empty() && row.used) {
        co_return std::unexpected(
            Outcome(GiveUp{fmt::format("volume {} may hold data and is lost", row.name)}));
    }
    if (found.empty() && row.state == VolumeState::asked) {
        auto planned = co_await plan_again(delivery, machine, std::move(row));
        if (!planned) co_return std::unexpected(std::move(planned.error()));
        machine.volume = planned->name;
        auto made = co_await find_or_create(std::move(delivery), std::move(machine), *planned);
        co_return made;
    }
    // What is found by its name alone may hold what rows that are lost knew of. A copy that
    // somebody made of it has its name, and is younger.
    const bool met = !found.empty();
    Volume volume;
    if (met) {
        volume = *std::ranges::min_element(found, {}, &Volume::created_at);
    } else {
        auto created = co_await create(delivery, machine, row);
        if (!created) co_return std::unexpected(std::move(created.error()));
        volume = std::move(*created);
    }
    auto record = [machine, name = row.name, volume,
                   met](Tx& tx) -> Result<std::optional<VolumeRow>> {
        const auto now_at = find_volume(tx, name);
        if (!now_at || !is_current(now_at->state) || !now_at->external_id.empty() ||
            !set_volume_present(tx, *now_at, volume.id, volume.region)) {
            return std::nullopt;
        }
        if (met) set_volume_used(tx, name, true);
        // Machines are where their volumes are.
        set_region(tx, machine.id, volume.region);
        return find_volume(tx, name);
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(after(recorded.error()));
    if (!*recorded) {
        co_return std::unexpected(Outcome(Retry{"another attempt was quicker to find or make it"}));
    }
    ports_.telemetry.record(
        "volume.present",
        {{"volume", row.name}, {"external_id", volume.id}, {"copy_of", row.copy_of}});
    co_return **recorded;
}

Volumes::Step<VolumeRow> Volumes::plan_again(Delivery delivery, Machine machine, VolumeRow row) {
    auto change = [this, machine, row](Tx& tx) -> Result<std::optional<VolumeRow>> {
        const auto present = find_machine(tx, machine.id);
        if (!present || present->state != MachineState::starting) return std::nullopt;
        return replan_volume(tx, *present, row, present->installation, ports_.clock.now());
    };
    const auto planned = co_await delivery.transact(std::move(change));
    if (!planned) co_return std::unexpected(after(planned.error()));
    if (!*planned) co_return std::unexpected(Outcome(Done{"the machine was retired", {}}));
    co_return **planned;
}

Volumes::Step<Volume> Volumes::create(Delivery delivery, Machine machine, VolumeRow row) {
    if (!row.copy_of.empty()) {
        auto ready = co_await expect_source(delivery, row);
        if (!ready) co_return std::unexpected(std::move(ready.error()));
    }
    // The obligation first: what is asked for under this name is ours, whatever is heard of it.
    auto ask = [row](Tx& tx) -> Result<bool> { return transition(tx, row, VolumeState::asked); };
    const auto asked = co_await delivery.transact(std::move(ask));
    if (!asked) co_return std::unexpected(after(asked.error()));
    if (!*asked) co_return std::unexpected(Outcome(Retry{"somebody else is making the volume"}));
    CreateVolume request;
    request.name = row.name;
    request.region = row.region;
    request.size_gb = row.size_gb;
    request.copy_of = row.copy_of;
    request.beside = machine.spec;
    auto created = co_await providers_.find(row.provider)->create_volume(std::move(request));
    if (created) co_return std::move(*created);
    if (!may_have_happened(created.error())) {
        auto unask = [name = row.name](Tx& tx) -> Result<bool> {
            const auto now_at = find_volume(tx, name);
            return now_at && now_at->state == VolumeState::asked &&
                   transition(tx, *now_at, VolumeState::planned);
        };
        const auto unasked = co_await delivery.transact(std::move(unask));
        if (!unasked) co_return std::unexpected(after(unasked.error()));
    }
    if (created.error().error_class == Class::capacity_region) {
        auto outcome = co_await move(std::move(delivery), std::move(machine), created.error());
        co_return std::unexpected(std::move(outcome));
    }
    co_return std::unexpected(after(created.error()));
}

Volumes::Step<void> Volumes::expect_source(Delivery delivery, VolumeRow copy) {
    const auto source = co_await providers_.find(copy.provider)->get_volume(copy.copy_of);
    if (!source && source.error().error_class != Class::gone) {
        co_return std::unexpected(after(source.error()));
    }
    if (!source || !source->usable) {
        co_return std::unexpected(Outcome(GiveUp{fmt::format(
            "volume {}, which holds the data of the project, is not at the provider any more",
            copy.copy_of)}));
    }
    if (!source->in_reach) {
        co_return std::unexpected(cannot_be_copied(delivery, copy.copy_of));
    }
    // Whoever has mounted it may still write, and the copy would not have that.
    if (!source->attached_to.empty()) {
        co_return std::unexpected(Outcome(
            Later{fmt::format("volume {} is bound to {}", copy.copy_of, source->attached_to),
                  kVolumeBound}));
    }
    if (!source->whole) {
        co_return std::unexpected(Outcome(Later{
            fmt::format("volume {} is still being filled itself", copy.copy_of), kWholeEvery}));
    }
    co_return std::expected<void, Outcome>();
}

Volumes::Step<void> Volumes::expect_free(Delivery delivery, Machine machine, std::string id) {
    const auto volume = co_await providers_.find(machine.provider)->get_volume(id);
    if (!volume && volume.error().error_class != Class::gone) {
        co_return std::unexpected(after(volume.error()));
    }
    // One that is gone or going is found out by who tries to mount it.
    if (!volume || !volume->usable || volume->attached_to.empty()) {
        co_return std::expected<void, Outcome>();
    }
    if (!volume->in_reach) {
        auto outcome =
            co_await out_of_reach(std::move(delivery), std::move(machine), std::move(id));
        co_return std::unexpected(std::move(outcome));
    }
    co_return std::unexpected(Outcome(
        Later{fmt::format("volume {} is bound to {}", id, volume->attached_to), kVolumeBound}));
}

boost::asio::awaitable<Outcome> Volumes::out_of_reach(Delivery delivery, Machine machine,
                                                      std::string id) {
    auto change = [this, machine](Tx& tx) -> Result<bool> {
        const auto present = find_machine(tx, machine.id);
        if (!present || present->state != MachineState::starting) return true;
        const auto volume = find_volume(tx, present->volume);
        if (!volume || volume->state != VolumeState::present || volume->used) return false;
        move_volume(tx, *present, *volume, volume->region, present->installation,
                    ports_.clock.now());
        return true;
    };
    const auto replaced = co_await delivery.transact(std::move(change));
    if (!replaced) co_return after(replaced.error());
    if (*replaced) co_return Retry{"the volume's host is out of reach; another is made"};
    co_return cannot_be_copied(delivery, id);
}

bool Volumes::expect_data(Tx& tx, std::string_view volume) {
    const auto mounted = find_volume(tx, volume);
    if (!mounted || mounted->used) return false;
    set_volume_used(tx, volume, true);
    return true;
}

boost::asio::awaitable<Result<void>> Volumes::refused(Delivery delivery, std::string volume,
                                                      ProviderError why) {
    // Busy: somebody has mounted it. A conflict: the machine was there, and may have.
    const bool mounted = may_have_happened(why) || why.error_class == Class::busy ||
                         why.error_class == Class::conflict;
    if (mounted) co_return Result<void>();
    auto restore = [volume](Tx& tx) -> Result<void> {
        set_volume_used(tx, volume, false);
        return {};
    };
    auto restored = co_await delivery.transact(std::move(restore));
    co_return restored;
}

boost::asio::awaitable<Outcome> Volumes::move(Delivery delivery, Machine machine,
                                              ProviderError why) {
    // Another host of the same region will do, unless the region is full.
    const bool leave_region = why.error_class == Class::capacity_region;
    auto change = [this, id = machine.id, leave_region](Tx& tx) -> Result<bool> {
        const auto present = find_machine(tx, id);
        if (!present || present->state != MachineState::starting) return false;
        const auto volume = find_volume(tx, present->volume);
        if (!volume || !is_current(volume->state)) return false;
        const std::string region =
            leave_region ? next_region(defaults_, volume->region) : volume->region;
        if (volume->state == VolumeState::present) {
            move_volume(tx, *present, *volume, region, present->installation, ports_.clock.now());
        } else {
            // Nothing is there yet, or nothing that anybody has used.
            set_volume_region(tx, volume->name, region);
            set_region(tx, id, region);
        }
        return true;
    };
    const auto changed = co_await delivery.transact(std::move(change));
    if (!changed) co_return after(changed.error());
    co_return Retry{describe(why)};
}

boost::asio::awaitable<Outcome> Volumes::lost(Delivery delivery, Machine machine) {
    auto read = [name = machine.volume](ReadTx& tx) -> std::optional<VolumeRow> {
        auto volume = find_volume(tx, name);
        const bool returns = volume && volume->state == VolumeState::present && volume->used &&
                             source_of(tx, *volume);
        return returns ? std::move(volume) : std::nullopt;
    };
    const auto copy = co_await store_.read(std::move(read));
    if (copy) {
        auto returned = co_await return_to_source(std::move(delivery), std::move(machine), *copy);
        co_return returned;
    }
    auto change = [this, id = machine.id](Tx& tx) -> Result<bool> {
        const auto present = find_machine(tx, id);
        if (!present || present->state != MachineState::starting) return true;
        const auto volume = find_volume(tx, present->volume);
        if (!volume || volume->state != VolumeState::present) return true;
        if (volume->used) return false;
        move_volume(tx, *present, *volume, volume->region, present->installation,
                    ports_.clock.now());
        return true;
    };
    const auto replaced = co_await delivery.transact(std::move(change));
    if (!replaced) co_return after(replaced.error());
    if (!*replaced) {
        co_return GiveUp{fmt::format("volume {} may hold data and is lost", machine.volume)};
    }
    co_return Retry{"the volume was not usable any more; another is made"};
}

}  // namespace lifecycle
