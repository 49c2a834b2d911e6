#include "system/lifecycle/volume_changes.hpp"

#include <fmt/format.h>

#include "system/lifecycle/events.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"

namespace lifecycle {

void give_up_volume(Tx& tx, const VolumeRow& volume, std::string_view machine, Time now) {
    if (!transition(tx, volume, VolumeState::leaving)) return;
    enqueue_volume_destroy(tx, volume.name, machine, now);
}

VolumeRow move_volume(Tx& tx, const Machine& machine, const VolumeRow& volume,
                      std::string_view region, std::string_view installation, Time now) {
    NewVolume wanted{volume.project, volume.provider, std::string(region), volume.size_gb};
    if (volume.used) {
        wanted.copy_of = volume.external_id;
        transition(tx, volume, VolumeState::superseded);
    } else {
        // A copy that nobody has written to has nothing that its source has not.
        wanted.copy_of = volume.copy_of;
        give_up_volume(tx, volume, machine.id, now);
    }
    VolumeRow next = insert_volume(tx, wanted, installation);
    set_volume(tx, machine.id, next.name);
    set_region(tx, machine.id, region);
    record_history(tx, machine.id, now, "volume-moved",
                   fmt::format("{} to {} in {}", volume.name, next.name, region));
    tx.tell("volume.moved", {{"machine", machine.id},
                             {"volume", volume.name},
                             {"replaced_by", next.name},
                             {"copied", std::int64_t{next.copy_of.empty() ? 0 : 1}}});
    return next;
}

std::optional<VolumeRow> replan_volume(Tx& tx, const Machine& machine, const VolumeRow& volume,
                                       std::string_view installation, Time now) {
    const auto present = find_volume(tx, volume.name);
    if (!present || present->state != VolumeState::asked) return std::nullopt;
    give_up_volume(tx, *present, machine.id, now);
    VolumeRow next = insert_volume(
        tx,
        {present->project, present->provider, present->region, present->size_gb, present->copy_of},
        installation);
    set_volume(tx, machine.id, next.name);
    return next;
}

void abandon_copy(Tx& tx, const Machine& machine, Time now) {
    const auto copy = find_volume(tx, machine.volume);
    if (!copy || (copy->state != VolumeState::planned && copy->state != VolumeState::asked)) return;
    const auto source = source_of(tx, *copy);
    if (!source) return;
    give_up_volume(tx, *copy, machine.id, now);
    transition(tx, *source, VolumeState::present);
}

bool put_source_back(Tx& tx, const Machine& machine, Time now) {
    const auto copy = find_volume(tx, machine.volume);
    if (!copy || copy->state != VolumeState::present) return false;
    const auto source = source_of(tx, *copy);
    if (!source) return false;
    give_up_volume(tx, *copy, machine.id, now);
    transition(tx, *source, VolumeState::present);
    set_volume(tx, machine.id, source->name);
    set_region(tx, machine.id, source->region);
    record_history(tx, machine.id, now, "volume-returned",
                   fmt::format("{} to {}", copy->name, source->name));
    tx.tell("volume.returned",
            {{"machine", machine.id}, {"volume", copy->name}, {"replaced_by", source->name}});
    return true;
}

std::optional<VolumeRow> source_of(ReadTx& tx, const VolumeRow& copy) {
    if (copy.copy_of.empty()) return std::nullopt;
    auto source = find_volume_by_id(tx, copy.provider, copy.copy_of);
    if (!source || source->state != VolumeState::superseded) return std::nullopt;
    return source;
}

}  // namespace lifecycle
