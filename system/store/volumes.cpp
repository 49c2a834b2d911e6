#include "system/store/volumes.hpp"

#include <fmt/format.h>

namespace lifecycle {
namespace {

#define VOLUME_COLUMNS                                                                         \
    "name, project, provider, region, size_gb, copy_of, external_id, state, used, snapshots, " \
    "snapshot_at"

VolumeRow volume_of_row(const Row& row) {
    return {row.text(0),
            row.text(1),
            row.text(2),
            row.text(3),
            row.integer(4),
            row.text(5),
            row.text(6),
            row.text(7),
            row.integer(8) != 0,
            row.integer(9),
            Time(Duration(row.integer(10)))};
}

// FNV-1a: it only has to tell projects apart whose names begin alike.
std::uint32_t digest_of(std::string_view text) {
    std::uint32_t digest = 2166136261U;
    for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 16777619U;
    return digest;
}

// Of at most 30 of [a-z0-9_], which is what providers take.
std::string volume_name(std::string_view project, std::size_t number) {
    std::string start(project.substr(0, 10));
    for (char& c : start) c = c == '-' ? '_' : c;
    return fmt::format("v_{}_{:08x}_{}", start, digest_of(project), number);
}

}  // namespace

std::optional<VolumeRow> find_volume(Tx& tx, std::string_view name) {
    return tx.first("SELECT " VOLUME_COLUMNS " FROM volume WHERE name = ?", {name}, volume_of_row);
}

std::optional<VolumeRow> volume_of(Tx& tx, std::string_view project) {
    return tx.first("SELECT " VOLUME_COLUMNS
                    " FROM volume WHERE project = ? AND state IN ('asked', 'present')",
                    {project}, volume_of_row);
}

std::vector<VolumeRow> volumes_of(Tx& tx, std::string_view project) {
    return tx.all("SELECT " VOLUME_COLUMNS " FROM volume WHERE project = ? ORDER BY name",
                  {project}, volume_of_row);
}

std::int64_t count_volumes(Tx& tx) {
    return tx
        .first("SELECT COUNT(*) FROM volume", {}, [](const Row& row) { return row.integer(0); })
        .value();
}

VolumeRow insert_volume(Tx& tx, std::string_view project, std::string_view provider,
                        std::string_view region, std::int64_t size_gb, std::string_view copy_of) {
    VolumeRow volume;
    volume.name = volume_name(project, volumes_of(tx, project).size() + 1);
    volume.project = project;
    volume.provider = provider;
    volume.region = region;
    volume.size_gb = size_gb;
    volume.copy_of = copy_of;
    volume.state = "asked";
    // What continues a volume that may hold data may hold it too.
    volume.used = !copy_of.empty();
    tx.run(
        "INSERT INTO volume (name, project, provider, region, size_gb, copy_of, state, used)"
        " VALUES (?, ?, ?, ?, ?, ?, 'asked', ?)",
        {volume.name, project, provider, region, size_gb, copy_of,
         std::int64_t{volume.used ? 1 : 0}});
    return volume;
}

std::string set_volume_id(Tx& tx, std::string_view name, std::string_view external_id) {
    tx.run(
        "UPDATE volume SET external_id = ?, state = 'present'"
        " WHERE name = ? AND external_id = '' AND state = 'asked'",
        {external_id, name});
    return find_volume(tx, name).value().external_id;
}

void set_volume_region(Tx& tx, std::string_view name, std::string_view region) {
    tx.run("UPDATE volume SET region = ? WHERE name = ?", {region, name});
}

void set_volume_state(Tx& tx, std::string_view name, std::string_view state) {
    tx.run("UPDATE volume SET state = ? WHERE name = ?", {state, name});
}

void record_snapshot(Tx& tx, std::string_view name, Time now) {
    tx.run("UPDATE volume SET snapshots = snapshots + 1, snapshot_at = ? WHERE name = ?",
           {now.time_since_epoch().count(), name});
}

void set_volume_used(Tx& tx, std::string_view name, bool used) {
    tx.run("UPDATE volume SET used = ? WHERE name = ?", {std::int64_t{used ? 1 : 0}, name});
}

}  // namespace lifecycle
