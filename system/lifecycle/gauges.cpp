#include "system/lifecycle/gauges.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace lifecycle {
namespace {

std::vector<Gauge> by_state_and_provider(ReadTx& tx, std::string_view name, std::string_view sql) {
    return tx.all(sql, {}, [&](const Row& row) {
        return Gauge{std::string(name),
                     fmt::format("provider=\"{}\",state=\"{}\"", row.text(0), row.text(1)),
                     row.integer(2)};
    });
}

std::vector<Gauge> measure(ReadTx& tx, Time late) {
    std::vector<Gauge> all = by_state_and_provider(
        tx, "machines",
        "SELECT provider, state, COUNT(*) FROM machine GROUP BY state, provider"
        " ORDER BY state, provider");
    auto without_id =
        by_state_and_provider(tx, "machines_without_external_id",
                              "SELECT provider, state, COUNT(*) FROM machine WHERE external_id = ''"
                              " GROUP BY state, provider ORDER BY state, provider");
    std::ranges::move(without_id, std::back_inserter(all));
    all.push_back({"machines_starting_late", "",
                   count_in(tx,
                            "SELECT COUNT(*) FROM machine WHERE state = 'starting'"
                            " AND created_at < ?",
                            {count_of(late)})});
    all.push_back({"provider_resources_owed", "",
                   count_in(tx, "SELECT COUNT(*) FROM provider_resource WHERE state <> 'gone'")});
    all.push_back({"resources_quarantined", "", count_in(tx, "SELECT COUNT(*) FROM quarantine")});
    // Of volumes there are few.
    all.push_back(
        {"volumes_owed", "", count_in(tx, "SELECT COUNT(*) FROM volume WHERE state <> 'gone'")});
    return all;
}

}  // namespace

Meter lifecycle_gauges(const MachineDefaults& defaults) {
    return [longest = defaults.become_active_within](ReadTx& tx, Time now) {
        return measure(tx, now - longest);
    };
}

}  // namespace lifecycle
