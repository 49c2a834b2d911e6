#include "system/rows/quarantine.hpp"

#include <algorithm>

namespace lifecycle {
namespace {

constexpr std::string_view kColumns =
    "SELECT provider, resource, machine, first_seen, last_seen, watched_us FROM quarantine";

Quarantined quarantined_of(const Row& row) {
    return {row.text(0),    row.text(1),    row.text(2),
            row.time_at(3), row.time_at(4), Duration(row.integer(5))};
}

}  // namespace

Quarantined record_quarantined(Tx& tx, std::string_view provider, std::string_view resource,
                               std::string_view machine, Time now, Duration longest) {
    const std::string one = std::string(kColumns) + " WHERE provider = ? AND resource = ?";
    auto known = tx.first(one, {provider, resource}, quarantined_of);
    if (!known) {
        tx.run(
            "INSERT INTO quarantine (provider, resource, machine, first_seen, last_seen)"
            " VALUES (?, ?, ?, ?, ?)",
            {provider, resource, machine, count_of(now), count_of(now)});
        return tx.first(one, {provider, resource}, quarantined_of).value();
    }
    known->watched += std::clamp(now - known->last_seen, Duration(0), longest);
    known->last_seen = now;
    tx.run(
        "UPDATE quarantine SET last_seen = ?, watched_us = ? WHERE provider = ? AND resource = ?",
        {count_of(now), std::int64_t{known->watched.count()}, provider, resource});
    return *known;
}

std::vector<Quarantined> quarantined(ReadTx& tx) {
    return tx.all(std::string(kColumns) + " ORDER BY provider, resource", {}, quarantined_of);
}

void forget_quarantined(Tx& tx, std::string_view provider, std::string_view resource) {
    tx.run("DELETE FROM quarantine WHERE provider = ? AND resource = ?", {provider, resource});
}

}  // namespace lifecycle
