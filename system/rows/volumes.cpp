#include "system/rows/volumes.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "system/rows/project_counters.hpp"

namespace lifecycle {
namespace {

#define VOLUME_COLUMNS                                                                         \
    "name, project, provider, region, size_gb, copy_of, external_id, state, used, snapshots, " \
    "snapshot_at"

VolumeRow volume_of_row(const Row& row) {
    return {row.text(0),         row.text(1),
            row.text(2),         row.text(3),
            row.integer(4),      row.text(5),
            row.text(6),         parse_volume_state(row.text(7)).value(),
            row.integer(8) != 0, row.integer(9),
            row.time_at(10)};
}

// FNV-1a: it only has to tell apart what begins alike.
std::uint32_t digest_of(std::string_view text) {
    std::uint32_t digest = 2166136261U;
    for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 16777619U;
    return digest;
}

// Says whose it is where the provider has no labels for volumes. At most 30 of [a-z0-9_], which is
// what Fly takes: what stands for the installation, then for the project, then the number.
std::string volume_name(std::string_view installation, std::string_view project,
                        std::int64_t number) {
    std::string start(project.substr(0, 6));
    for (char& c : start) c = c == '-' ? '_' : c;
    return fmt::format("v{:06x}_{}_{:08x}_{}", digest_of(installation) & 0xffffffU, start,
                       digest_of(project), number);
}

}  // namespace

std::optional<VolumeRow> find_volume(ReadTx& tx, std::string_view name) {
    return tx.first("SELECT " VOLUME_COLUMNS " FROM volume WHERE name = ?", {name}, volume_of_row);
}

std::optional<VolumeRow> find_volume_by_id(ReadTx& tx, std::string_view provider,
                                           std::string_view external_id) {
    return tx.first("SELECT " VOLUME_COLUMNS
                    " FROM volume WHERE provider = ? AND external_id = ? ORDER BY name",
                    {provider, external_id}, volume_of_row);
}

std::optional<VolumeRow> volume_of(ReadTx& tx, std::string_view project) {
    for (VolumeRow& volume : volumes_of(tx, project)) {
        if (is_current(volume.state)) return std::move(volume);
    }
    return std::nullopt;
}

std::vector<VolumeRow> volumes_of(ReadTx& tx, std::string_view project) {
    return tx.all("SELECT " VOLUME_COLUMNS " FROM volume WHERE project = ? ORDER BY name",
                  {project}, volume_of_row);
}

std::int64_t count_volumes(ReadTx& tx) {
    return tx
        .first("SELECT COUNT(*) FROM volume", {}, [](const Row& row) { return row.integer(0); })
        .value();
}

namespace {

// Names are short: two projects may have the same, and one of them goes on to its next number.
std::string free_name(Tx& tx, std::string_view installation, std::string_view project) {
    for (;;) {
        const std::int64_t number = next_number(tx, "volumes", project);
        std::string name = volume_name(installation, project, number);
        const auto taken = find_volume(tx, name);
        if (!taken) return name;
        tx.tell("volume.name-taken",
                {{"volume", name}, {"project", project}, {"taken_by", taken->project}});
    }
}

}  // namespace

VolumeRow insert_volume(Tx& tx, const NewVolume& wanted, std::string_view installation) {
    VolumeRow volume;
    volume.name = free_name(tx, installation, wanted.project);
    volume.project = wanted.project;
    volume.provider = wanted.provider;
    volume.region = wanted.region;
    volume.size_gb = wanted.size_gb;
    volume.copy_of = wanted.copy_of;
    tx.run(
        "INSERT INTO volume (name, project, provider, region, size_gb, copy_of, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {volume.name, volume.project, volume.provider, volume.region, volume.size_gb,
         volume.copy_of, to_string(volume.state)});
    return volume;
}

bool transition(Tx& tx, const VolumeRow& volume, VolumeState to) {
    if (!may_transition(volume.state, to)) {
        throw std::logic_error(fmt::format("volume {} may not go from {} to {}", volume.name,
                                           to_string(volume.state), to_string(to)));
    }
    if (tx.run("UPDATE volume SET state = ? WHERE name = ? AND state = ?",
               {to_string(to), volume.name, to_string(volume.state)}) != 1) {
        return false;
    }
    tx.tell("volume.state",
            {{"volume", volume.name}, {"from", to_string(volume.state)}, {"to", to_string(to)}});
    return true;
}

bool set_volume_present(Tx& tx, const VolumeRow& volume, std::string_view external_id,
                        std::string_view region) {
    return transition(tx, volume, VolumeState::present) &&
           tx.run(
               "UPDATE volume SET external_id = ?, region = ?"
               " WHERE name = ? AND external_id = ''",
               {external_id, region, volume.name}) == 1;
}

bool set_volume_id(Tx& tx, std::string_view name, std::string_view external_id) {
    return tx.run("UPDATE volume SET external_id = ? WHERE name = ? AND external_id = ''",
                  {external_id, name}) == 1;
}

void set_volume_region(Tx& tx, std::string_view name, std::string_view region) {
    tx.run("UPDATE volume SET region = ? WHERE name = ?", {region, name});
}

void record_snapshot(Tx& tx, std::string_view name, Time now) {
    tx.run("UPDATE volume SET snapshots = snapshots + 1, snapshot_at = ? WHERE name = ?",
           {count_of(now), name});
}

void set_volume_used(Tx& tx, std::string_view name, bool used) {
    tx.run("UPDATE volume SET used = ? WHERE name = ?", {std::int64_t{used ? 1 : 0}, name});
}

std::int64_t record_volume_absence(Tx& tx, std::string_view name) {
    tx.run("UPDATE volume SET absences = absences + 1 WHERE name = ?", {name});
    return tx
        .first("SELECT absences FROM volume WHERE name = ?", {name},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void forget_volume_absences(Tx& tx, std::string_view name) {
    tx.run("UPDATE volume SET absences = 0 WHERE name = ? AND absences > 0", {name});
}

}  // namespace lifecycle
