#include "system/store/machines.hpp"

#include <fmt/format.h>

#include <stdexcept>

#define MACHINE_COLUMNS                                                                     \
    "id, project, generation, provider, state, external_id, address, image, region, cpus, " \
    "memory_mb, daemon_status, provisioning_error, created_at, updated_at"

namespace lifecycle {
namespace {

Time time_at(std::int64_t microseconds) {
    return Time(Duration(microseconds));
}
std::int64_t count_of(Time time) {
    return time.time_since_epoch().count();
}

Machine machine_of(const Row& row) {
    Machine machine;
    machine.id = row.text(0);
    machine.project = row.text(1);
    machine.generation = row.integer(2);
    machine.provider = row.text(3);
    machine.state = parse_machine_state(row.text(4)).value();
    machine.external_id = row.text(5);
    machine.address = row.text(6);
    machine.spec = {row.text(7), row.text(8), row.integer(9), row.integer(10)};
    machine.daemon_status = parse_daemon_status(row.text(11)).value();
    machine.provisioning_error = row.text(12);
    machine.created_at = time_at(row.integer(13));
    machine.updated_at = time_at(row.integer(14));
    return machine;
}

}  // namespace

std::optional<Machine> find_machine(Tx& tx, std::string_view id) {
    return tx.first("SELECT " MACHINE_COLUMNS " FROM machine WHERE id = ?", {id}, machine_of);
}

std::optional<Machine> find_machine_by_key(Tx& tx, std::string_view project,
                                           std::string_view idempotency_key) {
    return tx.first("SELECT " MACHINE_COLUMNS
                    " FROM machine WHERE project = ? AND idempotency_key = ?",
                    {project, idempotency_key}, machine_of);
}

std::vector<Machine> machines_of(Tx& tx, std::string_view project) {
    return tx.all("SELECT " MACHINE_COLUMNS " FROM machine WHERE project = ? ORDER BY generation",
                  {project}, machine_of);
}

bool project_exists(Tx& tx, std::string_view project) {
    return tx
        .first("SELECT id FROM project WHERE id = ?", {project},
               [](const Row& row) { return row.text(0); })
        .has_value();
}

std::optional<Machine> active_machine(Tx& tx, std::string_view project) {
    return tx.first("SELECT " MACHINE_COLUMNS
                    " FROM machine WHERE id = (SELECT active_machine FROM project WHERE id = ?)",
                    {project}, machine_of);
}

std::int64_t next_generation(Tx& tx, std::string_view project, Time now) {
    tx.run(
        "INSERT INTO project (id, generation, created_at) VALUES (?, 0, ?)"
        " ON CONFLICT (id) DO NOTHING",
        {project, count_of(now)});
    tx.run("UPDATE project SET generation = generation + 1 WHERE id = ?", {project});
    return tx
        .first("SELECT generation FROM project WHERE id = ?", {project},
               [](const Row& row) { return row.integer(0); })
        .value();
}

void insert_machine(Tx& tx, const Machine& machine, std::string_view idempotency_key) {
    tx.run(
        "INSERT INTO machine (id, project, generation, provider, state, image, region, cpus,"
        " memory_mb, daemon_status, idempotency_key, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {machine.id, machine.project, machine.generation, machine.provider,
         to_string(machine.state), machine.spec.image, machine.spec.region, machine.spec.cpus,
         machine.spec.memory_mb, to_string(machine.daemon_status), idempotency_key,
         count_of(machine.created_at), count_of(machine.updated_at)});
    tx.tell("machine.created", {{"machine", machine.id}});
}

bool transition(Tx& tx, const Machine& machine, MachineState to, Time now) {
    if (!may_transition(machine.state, to)) {
        throw std::logic_error(fmt::format("machine {} may not go from {} to {}", machine.id,
                                           to_string(machine.state), to_string(to)));
    }
    if (tx.run("UPDATE machine SET state = ?, updated_at = ? WHERE id = ? AND state = ?",
               {to_string(to), count_of(now), machine.id, to_string(machine.state)}) != 1) {
        return false;
    }
    tx.tell("machine.state",
            {{"machine", machine.id}, {"from", to_string(machine.state)}, {"to", to_string(to)}});
    return true;
}

void set_active_machine(Tx& tx, std::string_view project, std::string_view machine) {
    tx.run("UPDATE project SET active_machine = ? WHERE id = ?", {machine, project});
}

void set_last_error(Tx& tx, std::string_view project, std::string_view error) {
    tx.run("UPDATE project SET last_error = ? WHERE id = ?", {error, project});
}

void set_provisioning_error(Tx& tx, std::string_view machine, std::string_view error) {
    tx.run("UPDATE machine SET provisioning_error = ? WHERE id = ?", {error, machine});
}

void set_daemon_status(Tx& tx, std::string_view machine, DaemonStatus status, Time now) {
    tx.tell("machine.daemon", {{"machine", machine}, {"status", to_string(status)}});
    tx.run("UPDATE machine SET daemon_status = ?, updated_at = ? WHERE id = ?",
           {to_string(status), count_of(now), machine});
}

bool set_external_id(Tx& tx, std::string_view machine, std::string_view external_id,
                     std::string_view address, Time now) {
    return tx.run(
               "UPDATE machine SET external_id = ?, address = ?, updated_at = ?"
               " WHERE id = ? AND state = 'starting' AND external_id = ''",
               {external_id, address, count_of(now), machine}) == 1;
}

std::optional<ProviderResource> find_resource(Tx& tx, std::string_view name) {
    return tx.first(
        "SELECT name, machine, external_id, state, asked_at FROM provider_resource WHERE name = ?",
        {name}, [](const Row& row) {
            return ProviderResource{row.text(0), row.text(1), row.text(2), row.text(3),
                                    time_at(row.integer(4))};
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
    tx.run("UPDATE provider_resource SET external_id = ?, state = 'present' WHERE name = ?",
           {external_id, name});
}

std::int64_t record_absence(Tx& tx, std::string_view name) {
    tx.run("UPDATE provider_resource SET absences = absences + 1 WHERE name = ?", {name});
    return absences(tx, name);
}

std::int64_t absences(Tx& tx, std::string_view name) {
    return tx
        .first("SELECT absences FROM provider_resource WHERE name = ?", {name},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void forget_absences(Tx& tx, std::string_view name) {
    tx.run("UPDATE provider_resource SET absences = 0 WHERE name = ?", {name});
}

void record_gone(Tx& tx, std::string_view name) {
    tx.run("UPDATE provider_resource SET state = 'gone' WHERE name = ?", {name});
}

}  // namespace lifecycle
