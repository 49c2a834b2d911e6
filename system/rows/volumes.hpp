#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/volume.hpp"
#include "system/ports/time.hpp"
#include "system/store/store.hpp"

// Typed queries over the volumes of projects. Each runs in the transaction given.
namespace lifecycle {

// A volume that a provider was or is about to be asked for: an obligation until confirmed gone. Its
// name is asked for once: whatever has it belongs to this row, until an id says which one.
struct VolumeRow {
    std::string name;
    std::string project;
    std::string provider;
    std::string region;
    std::int64_t size_gb = 0;
    std::string copy_of;      // external id of the volume that it continues; empty: none
    std::string external_id;  // empty until it is known which one at the provider it is
    VolumeState state = VolumeState::planned;
    bool used = false;           // a machine may have written to it
    std::int64_t snapshots = 0;  // that were made of it, or tried
    Time snapshot_at{};          // of the last of them
};

// A volume that does not exist yet.
struct NewVolume {
    std::string project;
    std::string provider;
    std::string region;
    std::int64_t size_gb = 0;
    std::string copy_of = {};
};

std::optional<VolumeRow> find_volume(ReadTx& tx, std::string_view name);
std::optional<VolumeRow> find_volume_by_id(ReadTx& tx, std::string_view provider,
                                           std::string_view external_id);
// The one that the project's machines mount; nothing if it has none.
std::optional<VolumeRow> volume_of(ReadTx& tx, std::string_view project);
std::vector<VolumeRow> volumes_of(ReadTx& tx, std::string_view project);

std::int64_t count_volumes(ReadTx& tx);

// Makes a row in the state `planned`, with a name unlike any before it.
VolumeRow insert_volume(Tx& tx, const NewVolume& wanted, std::string_view installation);

// Moves the volume along. False if it has left the state it was read in; throws std::logic_error
// if the table of transitions does not allow it.
bool transition(Tx& tx, const VolumeRow& volume, VolumeState to);

// Records which one at the provider it is and where, once: `present` from now on. False if it had
// an id already, or was given up.
bool set_volume_present(Tx& tx, const VolumeRow& volume, std::string_view external_id,
                        std::string_view region);
// Records which one at the provider a volume is that is given up and whose id was not known. False
// if it is known by now.
bool set_volume_id(Tx& tx, std::string_view name, std::string_view external_id);
void set_volume_region(Tx& tx, std::string_view name, std::string_view region);
// One more snapshot was made, or tried for the last time.
void record_snapshot(Tx& tx, std::string_view name, Time now);
void set_volume_used(Tx& tx, std::string_view name, bool used);
// Counts a look at the provider that did not find the volume, as record_absence() does for
// machines; gives how many there were in a row.
std::int64_t record_volume_absence(Tx& tx, std::string_view name);
void forget_volume_absences(Tx& tx, std::string_view name);

}  // namespace lifecycle
