#include "system/rows/machines.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "system/rows/credentials.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/project_errors.hpp"

#define MACHINE_COLUMNS                                                                     \
    "id, project, generation, provider, state, external_id, address, image, region, cpus, " \
    "memory_mb, daemon_status, provisioning_error, created_at, updated_at, volume_gb, "     \
    "volume, active_within_s, installation"

namespace lifecycle {
namespace {

Machine machine_of(const Row& row) {
    Machine machine;
    machine.id = row.text(0);
    machine.project = row.text(1);
    machine.generation = row.integer(2);
    machine.provider = row.text(3);
    machine.state = parse_machine_state(row.text(4)).value();
    machine.external_id = row.text(5);
    machine.address = row.text(6);
    machine.spec = {row.text(7),     row.text(8),     row.integer(9),
                    row.integer(10), row.integer(15), row.integer(17)};
    machine.daemon_status = parse_daemon_status(row.text(11)).value();
    machine.provisioning_error = row.text(12);
    machine.created_at = row.time_at(13);
    machine.updated_at = row.time_at(14);
    machine.volume = row.text(16);
    machine.installation = row.text(18);
    return machine;
}

}  // namespace

std::optional<Machine> find_machine(ReadTx& tx, std::string_view id) {
    return tx.first("SELECT " MACHINE_COLUMNS " FROM machine WHERE id = ?", {id}, machine_of);
}

std::vector<Machine> machines_of(ReadTx& tx, std::string_view project) {
    return tx.all("SELECT " MACHINE_COLUMNS " FROM machine WHERE project = ? ORDER BY generation",
                  {project}, machine_of);
}

std::vector<Machine> machines_of(ReadTx& tx, std::string_view project, const Page& page) {
    return tx.all("SELECT " MACHINE_COLUMNS
                  " FROM machine WHERE project = ? AND generation > ? ORDER BY generation LIMIT ?",
                  {project, page.after, page.limit}, machine_of);
}

std::optional<Machine> starting_machine(ReadTx& tx, std::string_view project) {
    return tx.first("SELECT " MACHINE_COLUMNS
                    " FROM machine WHERE project = ? AND state = 'starting'"
                    " ORDER BY generation DESC LIMIT 1",
                    {project}, machine_of);
}

std::optional<Machine> active_machine(ReadTx& tx, std::string_view project) {
    return tx.first("SELECT " MACHINE_COLUMNS
                    " FROM machine WHERE id = (SELECT active_machine FROM project WHERE id = ?)",
                    {project}, machine_of);
}

void insert_machine(Tx& tx, const Machine& machine) {
    // The column idempotency_key is from a time when requests had no table of their own.
    tx.run(
        "INSERT INTO machine (id, project, generation, provider, state, image, region, cpus,"
        " memory_mb, daemon_status, idempotency_key, created_at, updated_at, volume_gb, volume,"
        " active_within_s, installation)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {machine.id, machine.project, machine.generation, machine.provider,
         to_string(machine.state), machine.spec.image, machine.spec.region, machine.spec.cpus,
         machine.spec.memory_mb, to_string(machine.daemon_status), machine.id,
         count_of(machine.created_at), count_of(machine.updated_at), machine.spec.volume_gb,
         machine.volume, machine.spec.active_within_s, machine.installation});
    record_history(tx, machine.id, machine.created_at, "created",
                   fmt::format("generation {} on {}", machine.generation, machine.provider));
    tx.tell("machine.created", {{"machine", machine.id}, {"provider", machine.provider}});
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
    if (to != MachineState::active) {
        supersede_credentials(tx, machine.id);
        // Nobody waits for its boxes any more.
        end_error_about(tx, machine.project, ErrorSubject::registration, machine.id, now);
        end_error_about(tx, machine.project, ErrorSubject::silence, machine.id, now);
    }
    const std::string_view from = to_string(machine.state);
    record_history(tx, machine.id, now, to_string(to), fmt::format("was {}", from));
    tx.tell("machine.state",
            {{"machine", machine.id},
             {"from", from},
             {"to", to_string(to)},
             {"after_ms", std::int64_t{(now - machine.created_at).count() / 1000}}});
    return true;
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
    if (tx.run("UPDATE machine SET external_id = ?, address = ?, updated_at = ?"
               " WHERE id = ? AND state = 'starting' AND external_id = ''",
               {external_id, address, count_of(now), machine}) != 1) {
        return false;
    }
    record_history(tx, machine, now, "provisioned", external_id);
    return true;
}

bool restore_external_id(Tx& tx, std::string_view machine, std::string_view external_id,
                         std::string_view address, Time now) {
    if (tx.run("UPDATE machine SET external_id = ?, address = ?, updated_at = ?"
               " WHERE id = ? AND external_id = ''",
               {external_id, address, count_of(now), machine}) != 1) {
        return false;
    }
    record_history(tx, machine, now, "found again", external_id);
    return true;
}

bool set_address(Tx& tx, std::string_view machine, std::string_view address) {
    if (tx.run("UPDATE machine SET address = ? WHERE id = ? AND address <> ?",
               {address, machine, address}) != 1) {
        return false;
    }
    tx.tell("machine.address", {{"machine", machine}, {"address", address}});
    return true;
}

void set_size(Tx& tx, std::string_view machine, std::int64_t cpus, std::int64_t memory_mb) {
    tx.run("UPDATE machine SET cpus = ?, memory_mb = ? WHERE id = ?", {cpus, memory_mb, machine});
}

void set_region(Tx& tx, std::string_view machine, std::string_view region) {
    tx.run("UPDATE machine SET region = ? WHERE id = ?", {region, machine});
}

void set_volume(Tx& tx, std::string_view machine, std::string_view volume) {
    tx.run("UPDATE machine SET volume = ? WHERE id = ?", {volume, machine});
}

std::vector<Machine> machines_in(ReadTx& tx, MachineState state) {
    return tx.all("SELECT " MACHINE_COLUMNS " FROM machine WHERE state = ? ORDER BY id",
                  {to_string(state)}, machine_of);
}

}  // namespace lifecycle
