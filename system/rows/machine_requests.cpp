#include "system/rows/machine_requests.hpp"

#define REQUEST_COLUMNS                                                  \
    "id, project, provider, image, region, cpus, memory_mb, volume_gb, " \
    "active_within_s, idempotency_key, digest, machine, state, may_take, asked_at"

namespace lifecycle {
namespace {

MachineRequest request_of(const Row& row) {
    MachineRequest request;
    request.id = row.integer(0);
    request.project = row.text(1);
    request.provider = row.text(2);
    request.spec = {row.text(3),    row.text(4),    row.integer(5),
                    row.integer(6), row.integer(7), row.integer(8)};
    request.idempotency_key = row.text(9);
    request.digest = row.text(10);
    request.machine = row.text(11);
    request.withdrawn = row.text(12) == "withdrawn";
    request.may_take = Duration(row.integer(13));
    request.asked_at = row.time_at(14);
    return request;
}

void insert(Tx& tx, const MachineRequest& request, std::string_view state, std::string_view machine,
            Time now) {
    tx.run(
        "INSERT INTO machine_request (project, provider, image, region, cpus, memory_mb,"
        " volume_gb, active_within_s, idempotency_key, digest, state, machine, may_take,"
        " asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {request.project, request.provider, request.spec.image, request.spec.region,
         request.spec.cpus, request.spec.memory_mb, request.spec.volume_gb,
         request.spec.active_within_s, request.idempotency_key, request.digest, state, machine,
         std::int64_t{request.may_take.count()}, count_of(now)});
}

}  // namespace

std::optional<MachineRequest> find_request(ReadTx& tx, std::string_view project,
                                           std::string_view idempotency_key) {
    return tx.first("SELECT " REQUEST_COLUMNS
                    " FROM machine_request WHERE project = ? AND idempotency_key = ?"
                    " AND idempotency_key <> ''",
                    {project, idempotency_key}, request_of);
}

std::optional<MachineRequest> waiting_request(ReadTx& tx, std::string_view project) {
    return tx.first("SELECT " REQUEST_COLUMNS
                    " FROM machine_request WHERE project = ? AND state = 'waiting'",
                    {project}, request_of);
}

void keep_waiting(Tx& tx, const MachineRequest& request, Time now) {
    tx.run("UPDATE machine_request SET state = 'replaced' WHERE project = ? AND state = 'waiting'",
           {request.project});
    insert(tx, request, "waiting", "", now);
    tx.tell("machine.queued", {{"project", request.project}});
}

void keep_begun(Tx& tx, const MachineRequest& request, std::string_view machine, Time now) {
    if (request.id == 0) {
        if (!request.idempotency_key.empty()) insert(tx, request, "begun", machine, now);
        return;
    }
    tx.run(
        "UPDATE machine_request SET state = 'begun', machine = ?"
        " WHERE project = ? AND state IN ('waiting', 'replaced')",
        {machine, request.project});
    // Without a key nobody can ask what became of one.
    tx.run(
        "DELETE FROM machine_request WHERE project = ? AND state = 'begun'"
        " AND idempotency_key = ''",
        {request.project});
}

void withdraw_requests(Tx& tx, std::string_view project) {
    tx.run(
        "UPDATE machine_request SET state = 'withdrawn'"
        " WHERE project = ? AND state IN ('waiting', 'replaced')",
        {project});
}

}  // namespace lifecycle
