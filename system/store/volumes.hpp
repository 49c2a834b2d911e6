#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

// Typed queries over the volumes of projects. Each runs in the transaction given.
namespace lifecycle {

// A volume that a provider was or is about to be asked for: an obligation until confirmed gone.
struct VolumeRow {
    std::string name;  // unique here and, so far as we make them, at the provider
    std::string project;
    std::string provider;
    std::string region;
    std::int64_t size_gb = 0;
    std::string copy_of;         // external id of the volume that it continues; empty: none
    std::string external_id;     // empty until the provider's answer is durable
    std::string state;           // "asked", "present", "leaving" or "gone"
    bool used = false;           // a machine was started with it: it may hold data
    std::int64_t snapshots = 0;  // that were made of it, or tried
    Time snapshot_at{};          // of the last of them
};

std::optional<VolumeRow> find_volume(Tx& tx, std::string_view name);
// The one that the project's machines mount; nothing if it has none.
std::optional<VolumeRow> volume_of(Tx& tx, std::string_view project);
std::vector<VolumeRow> volumes_of(Tx& tx, std::string_view project);

std::int64_t count_volumes(Tx& tx);

// Makes a row, named after its project and unlike any before, in the state "asked".
VolumeRow insert_volume(Tx& tx, std::string_view project, std::string_view provider,
                        std::string_view region, std::int64_t size_gb, std::string_view copy_of);

// Records the provider's id, once; the id that the row has after that.
std::string set_volume_id(Tx& tx, std::string_view name, std::string_view external_id);
void set_volume_region(Tx& tx, std::string_view name, std::string_view region);
void set_volume_state(Tx& tx, std::string_view name, std::string_view state);
// One more snapshot was made, or tried for the last time.
void record_snapshot(Tx& tx, std::string_view name, Time now);
void set_volume_used(Tx& tx, std::string_view name, bool used = true);

}  // namespace lifecycle
