#include "system/telemetry/gauges.hpp"

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

std::int64_t number(ReadTx& tx, std::string_view sql, std::initializer_list<Bound> values = {}) {
    return tx.first(sql, values, [](const Row& row) { return row.integer(0); }).value_or(0);
}

void append(std::vector<Gauge>& all, std::vector<Gauge> more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<Gauge> measure(ReadTx& tx, const LifecycleOptions& options, Time now) {
    const std::int64_t at = now.time_since_epoch().count();
    std::vector<Gauge> all;
    append(all, by_state_and_provider(
                    tx, "machines",
                    "SELECT provider, state, COUNT(*) FROM machine GROUP BY state, provider"
                    " ORDER BY state, provider"));
    append(all, by_state_and_provider(
                    tx, "machines_without_external_id",
                    "SELECT provider, state, COUNT(*) FROM machine WHERE external_id = ''"
                    " GROUP BY state, provider ORDER BY state, provider"));
    all.push_back({"machines_starting_late", "",
                   number(tx,
                          "SELECT COUNT(*) FROM machine WHERE state = 'starting'"
                          " AND created_at < ?",
                          {at - options.become_active_within.count()})});
    all.push_back({"outbox_depth", "",
                   number(tx, "SELECT COUNT(*) FROM outbox_event WHERE state = 'pending'")});
    all.push_back({"outbox_oldest_due_seconds", "",
                   number(tx,
                          "SELECT COALESCE(MAX(? - available_at), 0) FROM outbox_event"
                          " WHERE state = 'pending' AND available_at <= ?",
                          {at, at}) /
                       1'000'000});
    all.push_back(
        {"outbox_dead", "", number(tx, "SELECT COUNT(*) FROM outbox_event WHERE state = 'dead'")});
    all.push_back({"provider_resources_owed", "",
                   number(tx, "SELECT COUNT(*) FROM provider_resource WHERE state <> 'gone'")});
    all.push_back({"resources_quarantined", "", number(tx, "SELECT COUNT(*) FROM quarantine")});
    all.push_back(
        {"volumes_owed", "", number(tx, "SELECT COUNT(*) FROM volume WHERE state <> 'gone'")});
    return all;
}

std::vector<Gauge> measure(const Providers& providers, SteadyTime now) {
    std::vector<Gauge> all;
    for (const auto& [name, provider] : providers.all()) {
        const SteadyTime since = provider->availability().out_of_reach_since().value_or(now);
        all.push_back({"provider_out_of_reach_seconds", fmt::format("provider=\"{}\"", name),
                       (now - since).count() / 1'000'000});
    }
    return all;
}

}  // namespace lifecycle
