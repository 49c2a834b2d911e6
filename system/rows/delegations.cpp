#include "system/rows/delegations.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/rows/project_counters.hpp"

#define DELEGATION_COLUMNS_AND(payload)                \
    "id, project, agent, " payload                     \
    ", state, machine, deliveries, result, deadline, " \
    "created_at, updated_at, digest, number"
// As the partial index has it; a test holds it to the table of transitions.
#define IS_OPEN "state IN ('queued', 'delivered')"
#define DELEGATION_COLUMNS DELEGATION_COLUMNS_AND("payload")
// A payload may have a megabyte, and there is no end to how many a project has.
#define DELEGATION_COLUMNS_WITHOUT_PAYLOAD DELEGATION_COLUMNS_AND("''")

namespace lifecycle {
namespace {

Delegation delegation_of(const Row& row) {
    return {row.text(0),
            row.text(1),
            row.text(2),
            row.text(3),
            parse_delegation_state(row.text(4)).value(),
            row.text(5),
            row.integer(6),
            row.text(7),
            row.time_at(8),
            row.time_at(9),
            row.time_at(10),
            row.text(11),
            row.integer(12)};
}

}  // namespace

std::optional<Delegation> find_delegation(ReadTx& tx, std::string_view id) {
    return tx.first("SELECT " DELEGATION_COLUMNS " FROM delegation WHERE id = ?", {id},
                    delegation_of);
}

std::optional<Delegation> find_delegation_by_key(ReadTx& tx, std::string_view project,
                                                 std::string_view idempotency_key) {
    return tx.first("SELECT " DELEGATION_COLUMNS
                    " FROM delegation WHERE project = ? AND idempotency_key = ?",
                    {project, idempotency_key}, delegation_of);
}

std::vector<Delegation> delegations_of(ReadTx& tx, std::string_view project, const Page& page) {
    return tx.all("SELECT " DELEGATION_COLUMNS_WITHOUT_PAYLOAD
                  " FROM delegation WHERE project = ? AND number > ? ORDER BY number LIMIT ?",
                  {project, page.after, page.limit}, delegation_of);
}

std::vector<Delegation> open_delegations(ReadTx& tx, std::string_view project) {
    return tx.all("SELECT " DELEGATION_COLUMNS_WITHOUT_PAYLOAD
                  " FROM delegation WHERE project = ? AND " IS_OPEN " ORDER BY number",
                  {project}, delegation_of);
}

std::int64_t count_open_delegations(ReadTx& tx, std::string_view project) {
    return tx
        .first(
            "SELECT COUNT(*) FROM delegation WHERE project = ?"
            " AND " IS_OPEN,
            {project}, [](const Row& row) { return row.integer(0); })
        .value();
}

Delegation insert_delegation(Tx& tx, Delegation delegation, std::string_view idempotency_key) {
    delegation.number = next_number(tx, "delegations", delegation.project);
    delegation.id = fmt::format("{}.{}", delegation.project, delegation.number);
    delegation.state = DelegationState::queued;
    tx.run(
        "INSERT INTO delegation (id, project, idempotency_key, agent, payload, state, deadline,"
        " created_at, updated_at, digest, number)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {delegation.id, delegation.project,
         idempotency_key.empty() ? std::string_view(delegation.id) : idempotency_key,
         delegation.agent, delegation.payload, to_string(delegation.state),
         count_of(delegation.deadline), count_of(delegation.created_at),
         count_of(delegation.created_at), delegation.digest, delegation.number});
    tx.tell("delegation.queued", {{"delegation", delegation.id}, {"agent", delegation.agent}});
    return delegation;
}

void record_delivered(Tx& tx, std::string_view id, std::string_view machine, Time now) {
    if (tx.run("UPDATE delegation SET state = 'delivered', machine = ?,"
               " deliveries = deliveries + 1, updated_at = ?"
               " WHERE id = ? AND " IS_OPEN,
               {machine, count_of(now), id}) == 1) {
        tx.tell("delegation.delivered", {{"delegation", id}, {"machine", machine}});
    }
}

void fail_delegations(Tx& tx, std::string_view project, std::string_view reason, Time now) {
    for (const Delegation& delegation : open_delegations(tx, project)) {
        end_delegation(tx, delegation.id, DelegationState::failed, reason, now);
    }
}

bool end_delegation(Tx& tx, std::string_view id, DelegationState to, std::string_view result,
                    Time now) {
    if (tx.run("UPDATE delegation SET state = ?, result = ?, updated_at = ?"
               " WHERE id = ? AND " IS_OPEN,
               {to_string(to), result, count_of(now), id}) != 1) {
        return false;
    }
    tx.tell("delegation.ended", {{"delegation", id}, {"state", to_string(to)}});
    return true;
}

}  // namespace lifecycle
