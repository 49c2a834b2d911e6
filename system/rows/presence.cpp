#include "system/rows/presence.hpp"

namespace lifecycle {

Presence presence_of(ReadTx& tx, std::string_view machine) {
    return tx
        .first("SELECT seen_at, beats, boots, boots_since FROM presence WHERE machine = ?",
               {machine},
               [](const Row& row) {
                   return Presence{row.time_at(0), row.integer(1), row.integer(2), row.time_at(3)};
               })
        .value_or(Presence{});
}

void record_seen(Tx& tx, std::string_view machine, Time now) {
    tx.run(
        "INSERT INTO presence (machine, seen_at, beats) VALUES (?, ?, 1)"
        " ON CONFLICT (machine) DO UPDATE SET seen_at = excluded.seen_at, beats = presence.beats + "
        "1",
        {machine, count_of(now)});
}

void record_boots(Tx& tx, std::string_view machine, std::int64_t boots, Time since) {
    tx.run("UPDATE presence SET boots = ?, boots_since = ? WHERE machine = ?",
           {boots, count_of(since), machine});
}

std::vector<Watch> watches(ReadTx& tx) {
    return tx.all(
        "SELECT project.active_machine, project.id, COALESCE(presence.beats, 0),"
        " project.recreations FROM project"
        " LEFT JOIN presence ON presence.machine = project.active_machine"
        " WHERE project.active_machine <> '' ORDER BY project.active_machine",
        {}, [](const Row& row) {
            return Watch{row.text(0), row.text(1), row.integer(2), row.integer(3)};
        });
}

}  // namespace lifecycle
