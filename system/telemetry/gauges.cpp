#include "system/telemetry/gauges.hpp"

#include <map>
#include <utility>

namespace lifecycle {

std::vector<Gauge> Gauges::measure(ReadTx& tx, Time now) const {
    std::multimap<std::string, Gauge> by_name;  // those of one name in the order of insertion
    for (const Meter& meter : meters_) {
        for (Gauge& gauge : meter(tx, now)) by_name.emplace(gauge.name, std::move(gauge));
    }
    std::vector<Gauge> all;
    for (auto& [name, gauge] : by_name) all.push_back(std::move(gauge));
    return all;
}

std::int64_t count_in(ReadTx& tx, std::string_view sql, std::initializer_list<Bound> values) {
    return tx.first(sql, values, [](const Row& row) { return row.integer(0); }).value_or(0);
}

}  // namespace lifecycle
