#include "system/rows/provider_resources.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace lifecycle {
namespace {

void move(Tx& tx, std::string_view name, std::string_view external_id, ResourceRecordState to) {
    const auto record = find_resource(tx, name);
    if (!record) return;
    if (record->state != to && !may_transition(record->state, to)) {
        throw std::logic_error(fmt::format("resource {} may not go from {} to {}", name,
                                           to_string(record->state), to_string(to)));
    }
    tx.run("UPDATE provider_resource SET external_id = ?, state = ? WHERE name = ?",
           {external_id.empty() ? std::string_view(record->external_id) : external_id,
            to_string(to), name});
}

}  // namespace

std::optional<ProviderResource> find_resource(ReadTx& tx, std::string_view name) {
    return tx.first(
        "SELECT name, machine, external_id, state FROM provider_resource WHERE name = ?", {name},
        [](const Row& row) {
            return ProviderResource{row.text(0), row.text(1), row.text(2),
                                    parse_resource_record_state(row.text(3)).value()};
        });
}

void record_ask(Tx& tx, std::string_view name, std::string_view machine, Time now) {
    tx.run(
        "INSERT INTO provider_resource (name, machine, state, asked_at)"
        " VALUES (?, ?, 'asked', ?)"
        " ON CONFLICT (name) DO UPDATE SET asked_at = excluded.asked_at",
        {name, machine, count_of(now)});
}

void record_present(Tx& tx, std::string_view name, std::string_view external_id) {
    move(tx, name, external_id, ResourceRecordState::present);
}

std::int64_t record_absence(Tx& tx, std::string_view name) {
    tx.run("UPDATE provider_resource SET absences = absences + 1 WHERE name = ?", {name});
    return absences(tx, name);
}

std::int64_t absences(ReadTx& tx, std::string_view name) {
    return tx
        .first("SELECT absences FROM provider_resource WHERE name = ?", {name},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void forget_absences(Tx& tx, std::string_view name) {
    tx.run("UPDATE provider_resource SET absences = 0 WHERE name = ?", {name});
}

void record_gone(Tx& tx, std::string_view name) {
    move(tx, name, {}, ResourceRecordState::gone);
}

}  // namespace lifecycle
