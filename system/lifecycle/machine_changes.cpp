#include "system/lifecycle/machine_changes.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {
namespace {

// Takes a machine out of service; its resource is destroyed at `when`.
void detach(Tx& tx, const Machine& machine, Time now, Time when) {
    transition(tx, machine, MachineState::detached, now);
    enqueue_destroy(tx, machine.id, now, when);
}

Error no_such_machine(std::string_view machine) {
    return {ErrorCode::not_found, fmt::format("there is no machine {}", machine),
            "list the machines of the project"};
}

}  // namespace

Machine create_machine(Tx& tx, std::string_view project, const MachineSpec& spec,
                       std::string_view idempotency_key, const LifecycleOptions& options,
                       Time now) {
    if (!idempotency_key.empty()) {
        if (auto earlier = find_machine_by_key(tx, project, idempotency_key)) return *earlier;
    }
    Machine machine;
    machine.project = project;
    machine.generation = next_generation(tx, project, now);
    machine.id = machine_id(project, machine.generation);
    machine.provider = options.provider;
    machine.spec = spec;
    if (machine.spec.region.empty()) machine.spec.region = options.region;
    machine.created_at = now;
    machine.updated_at = now;
    for (const Machine& older : machines_of(tx, project)) {
        if (older.state == MachineState::starting) detach(tx, older, now, now);
    }
    insert_machine(tx, machine, idempotency_key.empty() ? machine.id : idempotency_key);
    enqueue_provision(tx, machine, now);
    enqueue_deadline(tx, machine, now, now + options.become_active_within);
    return machine;
}

Result<Machine> retire_machine(Tx& tx, std::string_view id, Time now) {
    auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    switch (machine->state) {
        case MachineState::failed:
            return std::unexpected(Error(ErrorCode::conflict,
                                         fmt::format("machine {} has failed", id),
                                         "nothing is left to retire; its resource is destroyed"));
        case MachineState::archived: return *machine;
        case MachineState::detached:
            // Once it is being destroyed, haste would only shorten the looks that confirm it.
            if (absences(tx, id) == 0) bring_forward(tx, fmt::format("destroy:{}", id), now);
            break;
        case MachineState::active: set_active_machine(tx, machine->project, ""); [[fallthrough]];
        case MachineState::starting: detach(tx, *machine, now, now); break;
    }
    return *find_machine(tx, id);
}

void fail_machine(Tx& tx, std::string_view id, std::string_view reason, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine || machine->state != MachineState::starting) return;
    transition(tx, *machine, MachineState::failed, now);
    set_provisioning_error(tx, id, reason);
    set_last_error(tx, machine->project, fmt::format("machine {}: {}", id, reason));
    enqueue_destroy(tx, id, now, now);
}

Result<Machine> report_status(Tx& tx, std::string_view id, DaemonStatus status, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    if (machine->state != MachineState::starting && machine->state != MachineState::active) {
        return std::unexpected(Error(
            ErrorCode::conflict, fmt::format("machine {} is {}", id, to_string(machine->state)),
            "this machine has been replaced or retired: stop reporting and shut down"));
    }
    set_daemon_status(tx, id, status, now);
    if (machine->state == MachineState::starting && status == DaemonStatus::ready &&
        !machine->external_id.empty()) {
        enqueue_readiness(tx, id, now);
    }
    return *find_machine(tx, id);
}

}  // namespace lifecycle
