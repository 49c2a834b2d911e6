#include "system/lifecycle/machine_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/lifecycle/volume_changes.hpp"
#include "system/routing/router.hpp"
#include "system/store/machines.hpp"
#include "system/store/project_errors.hpp"
#include "system/store/volumes.hpp"

namespace lifecycle {
namespace {

// Takes a machine out of service; its resource is destroyed at `when`.
void detach(Tx& tx, const Machine& machine, Time now, Time when) {
    transition(tx, machine, MachineState::detached, now);
    enqueue_destroy(tx, machine.id, now, when);
}

void say_what_failed(Tx& tx, const Machine& machine, std::string_view reason, Time now) {
    open_error(tx, machine.project, ErrorSubject::machine, machine.id,
               fmt::format("machine {}: {}", machine.id, reason), now);
}

// A volume is where it is: a machine that has to mount it cannot be elsewhere.
Result<void> volume_fits(Tx& tx, const MachineRequest& request, const LifecycleOptions& options) {
    if (request.spec.volume_gb == 0) return {};
    const std::string& provider = request.provider.empty() ? options.provider : request.provider;
    const auto volume = volume_of(tx, request.project);
    if (!volume || volume->provider == provider) return {};
    return std::unexpected(
        Error(ErrorCode::conflict,
              fmt::format("the volume of project {} is at {}, not at {}", request.project,
                          volume->provider, provider),
              "ask for a machine there, or archive the project first, which gives up the volume"));
}

// The project's volume, made if it has none; nothing for a machine without.
void mount_volume(Tx& tx, Machine& machine, std::string_view installation) {
    if (machine.spec.volume_gb == 0) return;
    auto volume = volume_of(tx, machine.project);
    if (!volume) {
        volume = insert_volume(
            tx, {machine.project, machine.provider, machine.spec.region, machine.spec.volume_gb},
            installation);
    }
    machine.volume = volume->name;
    // Machines are where their volumes are.
    machine.spec.region = volume->region;
}

// Once it is being destroyed, haste would only shorten the looks that confirm it.
void hasten_destroy(Tx& tx, std::string_view machine, Time now) {
    if (absences(tx, machine) == 0) bring_forward(tx, fmt::format("destroy:{}", machine), now);
}

}  // namespace

Error no_such_machine(std::string_view machine) {
    return {ErrorCode::not_found, fmt::format("there is no machine {}", machine.substr(0, 200)),
            "list the machines of the project"};
}

Error no_such_project(std::string_view project) {
    return {ErrorCode::not_found, fmt::format("there is no project {}", project.substr(0, 200)),
            "create its first machine to make it"};
}

Result<Machine> create_machine(Tx& tx, const MachineRequest& request,
                               const LifecycleOptions& options, Time now) {
    const std::string& key = request.idempotency_key;
    const std::string& project = request.project;
    if (!key.empty()) {
        if (auto earlier = find_machine_by_key(tx, project, key)) return *earlier;
    }
    if (auto fits = volume_fits(tx, request, options); !fits) return std::unexpected(fits.error());
    Machine machine;
    machine.project = project;
    machine.generation = next_generation(tx, project, now);
    machine.id = machine_id(project, machine.generation);
    machine.provider = request.provider.empty() ? options.provider : request.provider;
    machine.spec = request.spec;
    if (machine.spec.region.empty()) machine.spec.region = options.region;
    machine.created_at = now;
    machine.updated_at = now;
    mount_volume(tx, machine, options.installation);
    for (const Machine& older : machines_of(tx, project)) {
        const bool holds_volume = !machine.volume.empty() && older.volume == machine.volume;
        if (older.state == MachineState::starting) {
            detach(tx, older, now, now);
        } else if (older.state == MachineState::active && holds_volume) {
            set_active_machine(tx, project, "");
            detach(tx, older, now, now);
        } else if (older.state == MachineState::detached && holds_volume) {
            hasten_destroy(tx, older.id, now);
        }
    }
    insert_machine(tx, machine, key.empty() ? machine.id : key);
    enqueue_provision(tx, machine, now);
    const std::chrono::seconds grace(machine.spec.active_within_s);
    enqueue_deadline(tx, machine, now,
                     now + (grace.count() > 0 ? grace : options.become_active_within));
    return machine;
}

Result<Machine> roll_machine(Tx& tx, std::string_view project, std::string_view idempotency_key,
                             const LifecycleOptions& options, Time now) {
    const std::vector<Machine> machines = machines_of(tx, project);
    if (machines.empty()) {
        return std::unexpected(
            Error(ErrorCode::conflict, fmt::format("project {} never had a machine", project),
                  "create its first machine, which says what the next are like"));
    }
    const Machine& newest = machines.back();
    return create_machine(
        tx, {std::string(project), newest.provider, newest.spec, std::string(idempotency_key)},
        options, now);
}

Result<Recreated> recreate_machine(Tx& tx, std::string_view project, std::string_view instead_of,
                                   std::string_view reason, const LifecycleOptions& options,
                                   Time now) {
    const std::vector<Machine> machines = machines_of(tx, project);
    const auto starting = std::ranges::find(machines, MachineState::starting, &Machine::state);
    if (starting != machines.end()) return Recreated{*starting, true};
    const auto active = std::ranges::find(machines, MachineState::active, &Machine::state);
    if (active == machines.end() && !instead_of.empty()) {
        return std::unexpected(Error(ErrorCode::conflict,
                                     fmt::format("machine {} is not in service", instead_of),
                                     "create a machine"));
    }
    if (!instead_of.empty() && active->id != instead_of) return Recreated{*active, true};
    if (active != machines.end()) {
        record_history(tx, active->id, now, "recreated", reason);
        tx.tell("machine.recreated", {{"machine", active->id}, {"reason", reason}});
        // What its volume holds is kept as it is now, whatever the next machine does with it.
        if (!active->volume.empty()) static_cast<void>(request_snapshot(tx, project, now));
    }
    auto made = roll_machine(tx, project, "", options, now);
    if (!made) return std::unexpected(made.error());
    return Recreated{*std::move(made), false};
}

Result<std::vector<Machine>> archive_project(Tx& tx, std::string_view project, Time now) {
    if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
    const std::vector<Machine> machines = machines_of(tx, project);
    const std::string last = machines.empty() ? std::string() : machines.back().id;
    if (!machines.empty()) enqueue_route_end(tx, machines.back(), now);
    for (const Machine& machine : machines) {
        if (machine.state != MachineState::failed) {
            static_cast<void>(retire_machine(tx, machine.id, now));
        }
    }
    for (const VolumeRow& volume : volumes_of(tx, project)) {
        if (is_kept(volume.state)) give_up_volume(tx, volume, last, now);
    }
    return machines_of(tx, project);
}

Result<Machine> restart_machine(Tx& tx, std::string_view id, std::string_view request, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    if (machine->state != MachineState::active || machine->external_id.empty()) {
        return std::unexpected(Error(ErrorCode::conflict,
                                     fmt::format("machine {} is {}", id, to_string(machine->state)),
                                     "only an active machine can be restarted"));
    }
    enqueue_restart(tx, id, request, now);
    return *machine;
}

void lose_machine(Tx& tx, std::string_view id, std::string_view reason, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine || machine->state != MachineState::active) return;
    set_active_machine(tx, machine->project, "");
    say_what_failed(tx, *machine, reason, now);
    set_provisioning_error(tx, id, reason);
    record_history(tx, id, now, "lost", reason);
    detach(tx, *machine, now, now);
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
        case MachineState::detached: hasten_destroy(tx, id, now); break;
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
    say_what_failed(tx, *machine, reason, now);
    enqueue_destroy(tx, id, now, now);
    abandon_copy(tx, *machine, now);
}

Result<Machine> report_status(Tx& tx, std::string_view id, DaemonStatus status, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    if (machine->state != MachineState::starting && machine->state != MachineState::active) {
        return std::unexpected(Error(
            ErrorCode::superseded, fmt::format("machine {} is {}", id, to_string(machine->state)),
            "this machine has been replaced or retired: stop reporting and shut down"));
    }
    if (machine->daemon_status != status) set_daemon_status(tx, id, status, now);
    if (machine->state == MachineState::starting && status == DaemonStatus::ready &&
        !machine->external_id.empty()) {
        enqueue_readiness(tx, id, now);
    }
    return *find_machine(tx, id);
}

}  // namespace lifecycle
