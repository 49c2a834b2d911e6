#include "system/rows/forgetting.hpp"

namespace lifecycle {

// The newest event of all is kept wherever it is: its id must not be given again.
std::vector<std::string> machines_over(ReadTx& tx, Time before, std::int64_t limit) {
    return tx.all(
        "SELECT id FROM machine WHERE state IN ('archived', 'failed') AND updated_at < ?"
        " AND generation < (SELECT generation FROM project WHERE project.id = machine.project)"
        " AND NOT EXISTS (SELECT 1 FROM provider_resource"
        "  WHERE provider_resource.machine = machine.id AND provider_resource.state <> 'gone')"
        " AND NOT EXISTS (SELECT 1 FROM outbox_event"
        "  WHERE outbox_event.machine = machine.id AND (outbox_event.state = 'pending'"
        "  OR outbox_event.id = (SELECT MAX(id) FROM outbox_event)))"
        " ORDER BY updated_at, id LIMIT ?",
        {count_of(before), limit}, [](const Row& row) { return row.text(0); });
}

void forget_machine(Tx& tx, std::string_view machine) {
    tx.run("DELETE FROM outbox_event WHERE machine = ?", {machine});
    tx.run("DELETE FROM machine_history WHERE machine = ?", {machine});
    tx.run("DELETE FROM credential WHERE machine = ?", {machine});
    tx.run("DELETE FROM presence WHERE machine = ?", {machine});
    tx.run("DELETE FROM provider_resource WHERE machine = ?", {machine});
    tx.run("DELETE FROM machine WHERE id = ?", {machine});
}

std::int64_t forget_delegations(Tx& tx, Time before, std::int64_t limit) {
    return tx.run(
        "DELETE FROM delegation WHERE id IN (SELECT id FROM delegation"
        " WHERE state IN ('processed', 'failed') AND updated_at < ?"
        " ORDER BY updated_at, id LIMIT ?)",
        {count_of(before), limit});
}

std::int64_t forget_events(Tx& tx, std::string_view kind, Time before, std::int64_t limit) {
    return tx.run(
        "DELETE FROM outbox_event WHERE id IN (SELECT id FROM outbox_event"
        " WHERE state <> 'pending' AND kind = ? AND created_at < ?"
        " AND id < (SELECT MAX(id) FROM outbox_event) ORDER BY created_at, id LIMIT ?)",
        {kind, count_of(before), limit});
}

std::int64_t forget_history(Tx& tx, Time before, std::int64_t limit) {
    return tx.run(
        "DELETE FROM machine_history WHERE id IN (SELECT id FROM machine_history WHERE at < ?"
        " ORDER BY at, id LIMIT ?)",
        {count_of(before), limit});
}

std::int64_t forget_credentials(Tx& tx, Time before, std::int64_t limit) {
    // The highest epoch stays: tokens count on from there.
    return tx.run(
        "DELETE FROM credential WHERE token_hash IN (SELECT token_hash FROM credential AS old"
        " WHERE superseded = 1 AND issued_at < ?"
        " AND epoch < (SELECT MAX(epoch) FROM credential WHERE credential.machine = old.machine)"
        " ORDER BY issued_at, token_hash LIMIT ?)",
        {count_of(before), limit});
}

std::int64_t forget_errors(Tx& tx, Time before, std::int64_t limit) {
    return tx.run(
        "DELETE FROM project_error WHERE id IN (SELECT id FROM project_error"
        " WHERE ended_at <> 0 AND ended_at < ? ORDER BY ended_at, id LIMIT ?)",
        {count_of(before), limit});
}

std::int64_t forget_requests(Tx& tx, Time before, std::int64_t limit) {
    return tx.run(
        "DELETE FROM machine_request WHERE id IN (SELECT id FROM machine_request"
        " WHERE state <> 'waiting' AND asked_at < ? AND NOT EXISTS"
        " (SELECT 1 FROM machine WHERE machine.id = machine_request.machine)"
        " ORDER BY asked_at, id LIMIT ?)",
        {count_of(before), limit});
}

std::int64_t forget_volumes(Tx& tx, std::int64_t limit) {
    return tx.run(
        "DELETE FROM volume WHERE name IN (SELECT name FROM volume WHERE state = 'gone'"
        " AND NOT EXISTS (SELECT 1 FROM machine WHERE machine.volume = volume.name)"
        " AND NOT EXISTS (SELECT 1 FROM outbox_event"
        "  WHERE outbox_event.dedupe_key = 'volume-destroy:' || volume.name)"
        " ORDER BY name LIMIT ?)",
        {limit});
}

}  // namespace lifecycle
