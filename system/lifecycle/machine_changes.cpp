#include "system/lifecycle/machine_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/lifecycle/volume_changes.hpp"
#include "system/routing/router.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/github_bindings.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {
namespace {

// Whether that is the id of a machine of the project, be it one that is forgotten.
bool ever_had(ReadTx& tx, std::string_view project, std::string_view machine) {
    const std::string_view number = machine.substr(std::min(machine.size(), project.size() + 1));
    std::int64_t generation = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), generation);
    return read.ec == std::errc() && generation > 0 && generation <= generation_of(tx, project) &&
           machine == machine_id(project, generation);
}

// Takes a machine out of service; its resource is destroyed at `when`.
void detach(Tx& tx, const Machine& machine, Time now, Time when) {
    transition(tx, machine, MachineState::detached, now);
    enqueue_destroy(tx, machine.id, now, when);
}

// The project's active machine leaves service and none takes its place: its traffic has nowhere to
// go, and its route ends.
void end_service(Tx& tx, const Machine& machine, Time now) {
    set_active_machine(tx, machine.project, "");
    enqueue_route_end(tx, machine, now);
}

void say_what_failed(Tx& tx, const Machine& machine, std::string_view reason, Time now) {
    open_error(tx, machine.project, ErrorSubject::machine, machine.id,
               fmt::format("machine {}: {}", machine.id, reason), now);
}

// A volume is where it is: a machine that has to mount it cannot be elsewhere.
Result<void> volume_fits(ReadTx& tx, const MachineRequest& request) {
    if (request.spec.volume_gb == 0) return {};
    const auto volume = volume_of(tx, request.project);
    if (!volume || volume->provider == request.provider) return {};
    return std::unexpected(
        Error(ErrorCode::conflict,
              fmt::format("the volume of project {} is at {}, not at {}", request.project,
                          volume->provider, request.provider),
              "ask for a machine there, or archive the project first, which gives up the volume"));
}

// A machine that is to have a volume gets the project's, which is made if there is none.
void plan_volume(Tx& tx, const MachineRequest& request) {
    if (request.spec.volume_gb == 0 || volume_of(tx, request.project)) return;
    insert_volume(tx,
                  {request.project, request.provider, request.spec.region, request.spec.volume_gb},
                  installation_of(tx).id);
}

void mount_volume(ReadTx& tx, Machine& machine) {
    if (machine.spec.volume_gb == 0) return;
    const auto volume = volume_of(tx, machine.project);
    if (!volume) return;
    machine.volume = volume->name;
    // Machines are where their volumes are.
    machine.spec.region = volume->region;
}

// It is the request's turn.
Machine begin(Tx& tx, const MachineRequest& request, Time now) {
    Machine machine;
    machine.project = request.project;
    machine.generation = next_generation(tx, request.project);
    machine.id = machine_id(request.project, machine.generation);
    machine.installation = installation_of(tx).id;
    machine.provider = request.provider;
    machine.spec = request.spec;
    machine.created_at = now;
    machine.updated_at = now;
    mount_volume(tx, machine);
    for (const Machine& older : machines_of(tx, request.project)) {
        if (machine.volume.empty() || older.volume != machine.volume) continue;
        if (older.state == MachineState::active) {
            end_service(tx, older, now);
            detach(tx, older, now, now);
        } else if (older.state == MachineState::detached) {
            hasten_destroy(tx, older.id, now);
        }
    }
    insert_machine(tx, machine);
    keep_begun(tx, request, machine.id, now);
    enqueue_provision(tx, machine, now);
    enqueue_deadline(tx, machine, now, now + request.may_take);
    return machine;
}

// The machine that whoever wants another has to wait for: one that is on its way, or one that may
// serve for a while before the one that waits takes its volume. Nothing if there is none.
std::optional<Machine> ahead_of_others(ReadTx& tx, std::string_view project) {
    auto starting = starting_machine(tx, project);
    if (starting || !waiting_request(tx, project)) return starting;
    return active_machine(tx, project);
}

// The one path by which machines come into being: one starts, and one request at most waits.
Result<Requested> ask_for_machine(Tx& tx, MachineRequest request, const MachineDefaults& defaults,
                                  Time now) {
    if (request.provider.empty()) request.provider = defaults.provider;
    if (request.spec.region.empty()) request.spec.region = defaults.region;
    const std::chrono::seconds own(request.spec.active_within_s);
    request.may_take = own.count() > 0 ? Duration(own) : defaults.become_active_within;
    if (auto fits = volume_fits(tx, request); !fits) return std::unexpected(fits.error());
    make_project(tx, request.project, now);
    plan_volume(tx, request);
    if (auto first = ahead_of_others(tx, request.project)) {
        keep_waiting(tx, request, now);
        return Requested{*std::move(first), true};
    }
    return Requested{begin(tx, request, now), false};
}

// What came of an earlier request with the same key; nothing if there was none.
Result<std::optional<Requested>> asked_before(ReadTx& tx, const MachineRequest& request) {
    const auto earlier = find_request(tx, request.project, request.idempotency_key);
    if (!earlier) return std::nullopt;
    if (!earlier->digest.empty() && earlier->digest != request.digest) {
        return std::unexpected(reused_key());
    }
    if (auto made = find_machine(tx, earlier->machine)) return Requested{*std::move(made), false};
    auto first = ahead_of_others(tx, request.project);
    if (first && !earlier->withdrawn) return Requested{*std::move(first), true};
    return std::unexpected(Error(ErrorCode::conflict,
                                 "the request waited, and was given up before it had its turn",
                                 "ask for a machine with another Idempotency-Key"));
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

Error archived_project(std::string_view project) {
    return {ErrorCode::conflict, fmt::format("project {} is archived", project),
            "create a machine, which brings the project back"};
}

Error reused_key() {
    return {ErrorCode::conflict, "the Idempotency-Key was used for another request",
            "choose a key for each request, and send the same again only with the same body"};
}

Result<Requested> create_machine(Tx& tx, const MachineRequest& request,
                                 const MachineDefaults& defaults, Time now) {
    auto before = asked_before(tx, request);
    if (!before) return std::unexpected(before.error());
    if (before->has_value()) return **std::move(before);
    set_not_archived(tx, request.project);
    return ask_for_machine(tx, request, defaults, now);
}

Result<Requested> roll_machine(Tx& tx, std::string_view project, std::string_view idempotency_key,
                               const MachineDefaults& defaults, Time now) {
    if (is_archived(tx, project)) return std::unexpected(archived_project(project));
    MachineRequest request;
    request.project = project;
    request.idempotency_key = idempotency_key;
    auto before = asked_before(tx, request);
    if (!before) return std::unexpected(before.error());
    if (before->has_value()) return **std::move(before);
    const std::vector<Machine> machines = machines_of(tx, project);
    if (machines.empty()) {
        return std::unexpected(
            Error(ErrorCode::conflict, fmt::format("project {} never had a machine", project),
                  "create its first machine, which says what the next are like"));
    }
    const auto waiting = waiting_request(tx, project);
    request.provider = waiting ? waiting->provider : machines.back().provider;
    request.spec = waiting ? waiting->spec : machines.back().spec;
    return ask_for_machine(tx, std::move(request), defaults, now);
}

void begin_waiting(Tx& tx, std::string_view project, Time now) {
    const auto waiting = waiting_request(tx, project);
    if (!waiting || starting_machine(tx, project)) return;
    // The volume that it was to have may be another by now, or none.
    const auto fits = volume_fits(tx, *waiting);
    if (!fits || (waiting->spec.volume_gb > 0 && !volume_of(tx, project))) {
        withdraw_requests(tx, project);
        open_error(
            tx, project, ErrorSubject::machine, "",
            fits ? "the volume is gone that the next machine was to have" : fits.error().message,
            now);
        return;
    }
    begin(tx, *waiting, now);
}

Result<Recreated> recreate_machine(Tx& tx, std::string_view project, std::string_view instead_of,
                                   std::string_view reason, const MachineDefaults& defaults,
                                   Time now) {
    if (is_archived(tx, project)) return std::unexpected(archived_project(project));
    // Of a stranger it must not be said that another has its place.
    if (!instead_of.empty() && !ever_had(tx, project, instead_of)) {
        return std::unexpected(no_such_machine(instead_of));
    }
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
        tx.tell(kMachineRecreated, {{"machine", active->id}, {"reason", reason}});
        // What its volume holds is kept as it is now, whatever the next machine does with it.
        if (!active->volume.empty()) static_cast<void>(request_snapshot(tx, project, now));
    }
    auto made = roll_machine(tx, project, "", defaults, now);
    if (!made) return std::unexpected(made.error());
    // Who wants a machine replaced does not wait until it has served for long enough.
    begin_waiting(tx, project, now);
    auto begun = starting_machine(tx, project);
    return Recreated{begun ? *std::move(begun) : std::move(made->machine), false};
}

Result<std::vector<Machine>> archive_project(Tx& tx, std::string_view project, Time now) {
    if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
    withdraw_requests(tx, project);
    const std::vector<Machine> machines = machines_of(tx, project);
    const std::string last = machines.empty() ? std::string() : machines.back().id;
    for (const Machine& machine : machines) {
        if (machine.state != MachineState::failed) {
            static_cast<void>(retire_machine(tx, machine.id, now));
        }
    }
    for (const VolumeRow& volume : volumes_of(tx, project)) {
        if (is_kept(volume.state)) give_up_volume(tx, volume, last, now);
    }
    fail_delegations(tx, project, "the project was archived", now);
    unbind_repository(tx, project);
    end_errors(tx, project, now);
    set_archived(tx, project, now);
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
    end_service(tx, *machine, now);
    say_what_failed(tx, *machine, reason, now);
    set_provisioning_error(tx, id, reason);
    record_history(tx, id, now, "lost", reason);
    detach(tx, *machine, now, now);
    begin_waiting(tx, machine->project, now);
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
        case MachineState::detached: hasten_destroy(tx, id, now); return *machine;
        case MachineState::active: end_service(tx, *machine, now); [[fallthrough]];
        case MachineState::starting: detach(tx, *machine, now, now); break;
    }
    begin_waiting(tx, machine->project, now);
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
    begin_waiting(tx, machine->project, now);
}

Result<Machine> report_status(Tx& tx, std::string_view id, DaemonStatus status, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    if (!in_service(*machine)) {
        return std::unexpected(Error(
            ErrorCode::superseded, fmt::format("machine {} is {}", id, to_string(machine->state)),
            "this machine has been replaced or retired: stop reporting and shut down"));
    }
    if (machine->daemon_status != status) {
        set_daemon_status(tx, id, status, now);
        // It runs, so its start need not be looked for any longer than that takes.
        hasten_provision(tx, id, now);
    }
    if (machine->state == MachineState::starting && status == DaemonStatus::ready &&
        !machine->external_id.empty()) {
        enqueue_readiness(tx, id, now);
    }
    return *find_machine(tx, id);
}

}  // namespace lifecycle
