#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "system/lifecycle/options.hpp"
#include "system/model/machine.hpp"
#include "system/rows/machine_requests.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

Error no_such_machine(std::string_view machine);
Error no_such_project(std::string_view project);
Error archived_project(std::string_view project);

Error reused_key();

// What became of a request for a machine.
struct Requested {
    Machine machine;      // that was made for it or, while it waits, the one that it waits for
    bool queued = false;  // it waits: it is its turn when that one is active, failed or retired
};

// A person asks for a machine. While one of the project is on its way, nothing displaces that but
// the word of a person who retires it: the request waits, and takes the place of another that does.
// Else, and when its turn comes, one transaction makes the machine's row and the event that
// provisions it, and detaches whatever holds the volume that it has to mount.
//
// The same idempotency key in the same project gives what came of the first request, or of the one
// that took its place. An archived project is brought back. Conflict if the key was used for
// another request, or if the project's volume is at another provider, or at one without.
Result<Requested> create_machine(Tx& tx, const MachineRequest& request,
                                 const MachineDefaults& defaults, Time now);

// Another machine like the one that was asked for last, by the same way. Conflict if there never
// was one, or if the project is archived.
Result<Requested> roll_machine(Tx& tx, std::string_view project, std::string_view idempotency_key,
                               const MachineDefaults& defaults, Time now);

// No machine of the project is on its way any more: whoever waits has the turn. To be called in the
// transaction that ends the start of a machine, however it ends.
void begin_waiting(Tx& tx, std::string_view project, Time now);

struct Recreated {
    Machine machine;      // that the project has, or will have, in place of the old one
    bool joined = false;  // it was on its way already, or there
};

// The name under which a recreation is told. Facts: machine, reason.
inline constexpr std::string_view kMachineRecreated = "machine.recreated";

// Another machine in the place of `instead_of`, which is the project's active one, or of whatever
// the project has if that is empty. Single flight: while a machine of the project is starting, or
// once another is active in its place, this changes nothing and gives what there is. Whoever wants
// a machine replaced comes through here. Conflict if the project never had a machine or is
// archived, or if `instead_of` is not in service any more and nothing has taken its place.
Result<Recreated> recreate_machine(Tx& tx, std::string_view project, std::string_view instead_of,
                                   std::string_view reason, const MachineDefaults& defaults,
                                   Time now);

// Gives the project up: retires every machine, and ends its volumes, data and all, its delegations,
// its binding to a repository, its route and its errors. It stays so, whatever happens, until a
// person asks for a machine.
Result<std::vector<Machine>> archive_project(Tx& tx, std::string_view project, Time now);

// Asks for the restart of a machine's resource. Conflict if it is not in service.
Result<Machine> restart_machine(Tx& tx, std::string_view machine, std::string_view request,
                                Time now);

// The provider has lost what an active machine ran on: it leaves service and says so. Nothing if
// it is not active any more.
void lose_machine(Tx& tx, std::string_view machine, std::string_view reason, Time now);

// A person retires a machine: it serves no longer, and its resource is destroyed. Retiring a
// machine that is on its way out hastens it. Conflict if it has failed.
Result<Machine> retire_machine(Tx& tx, std::string_view machine, Time now);

// A machine did not make it: it becomes `failed`, says why, and its resource is destroyed. Nothing
// if it is not starting any more.
void fail_machine(Tx& tx, std::string_view machine, std::string_view reason, Time now);

// What a machine's daemon says of itself. `ready` leads to a readiness probe, exactly once, as soon
// as the external id is durable too. Superseded if the machine has been replaced or retired.
Result<Machine> report_status(Tx& tx, std::string_view machine, DaemonStatus status, Time now);

}  // namespace lifecycle
