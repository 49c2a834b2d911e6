#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/machine.hpp"
#include "system/store/page.hpp"
#include "system/store/store.hpp"

// Typed queries over projects, machines and provider resources. Each runs in the transaction given.
namespace lifecycle {

// A name that a provider was or is about to be asked for: an obligation until confirmed gone.
struct ProviderResource {
    std::string name;
    std::string machine;
    std::string external_id;  // empty until the provider's answer is durable
    std::string state;        // "asked", "present" or "gone"
};

// One thing that happened to a machine.
struct HistoryEntry {
    std::int64_t number = 0;
    Time at{};
    std::string what;
    std::string detail;
};

std::optional<Machine> find_machine(ReadTx& tx, std::string_view id);
// Oldest generation first.
std::vector<Machine> machines_of(ReadTx& tx, std::string_view project);
// The page goes by generation.
std::vector<Machine> machines_of(ReadTx& tx, std::string_view project, const Page& page);
bool project_exists(ReadTx& tx, std::string_view project);
// Whether it was given up, and no person has asked for a machine since.
bool is_archived(ReadTx& tx, std::string_view project);
void set_archived(Tx& tx, std::string_view project, Time now);
void set_not_archived(Tx& tx, std::string_view project);
// The machine of the project that is on its way; there is one at most.
std::optional<Machine> starting_machine(ReadTx& tx, std::string_view project);
// The machine that the project's traffic goes to.
std::optional<Machine> active_machine(ReadTx& tx, std::string_view project);

// The project's newest generation; 0 if there is no such project.
std::int64_t generation_of(ReadTx& tx, std::string_view project);
// Nothing if it is there.
void make_project(Tx& tx, std::string_view project, Time now);
// Gives the project its next generation, which is returned.
std::int64_t next_generation(Tx& tx, std::string_view project);

void insert_machine(Tx& tx, const Machine& machine);

// Moves a machine from one state to another; false, changing nothing, if it is no longer in `from`.
// Throws std::logic_error if the table of transitions does not allow it.
bool transition(Tx& tx, const Machine& machine, MachineState to, Time now);

void set_active_machine(Tx& tx, std::string_view project, std::string_view machine);
void set_provisioning_error(Tx& tx, std::string_view machine, std::string_view error);
void set_daemon_status(Tx& tx, std::string_view machine, DaemonStatus status, Time now);

// Records the provider's id and address, once, while the machine is starting. False, changing
// nothing, if it is not starting any more or has an id already.
bool set_external_id(Tx& tx, std::string_view machine, std::string_view external_id,
                     std::string_view address, Time now);

// Puts back an id that the row has lost. False, changing nothing, if it has one.
bool restore_external_id(Tx& tx, std::string_view machine, std::string_view external_id,
                         std::string_view address, Time now);
// Where its provider says that it is now; false if that is known already.
bool set_address(Tx& tx, std::string_view machine, std::string_view address);
// The size that its resource really has.
void set_size(Tx& tx, std::string_view machine, std::int64_t cpus, std::int64_t memory_mb);
void set_region(Tx& tx, std::string_view machine, std::string_view region);
void set_volume(Tx& tx, std::string_view machine, std::string_view volume);

void record_history(Tx& tx, std::string_view machine, Time at, std::string_view what,
                    std::string_view detail);
// Oldest first; the page goes by number.
std::vector<HistoryEntry> history_of(ReadTx& tx, std::string_view machine, const Page& page);

// An active machine, and how many signs of life it has given so far.
struct Watch {
    std::string machine;
    std::string project;
    std::int64_t beats = 0;
    std::int64_t recreations = 0;  // of its project, see below
};
// By id.
std::vector<Watch> watches(ReadTx& tx);

// How often in a row the project's machine was recreated because it was silent.
std::int64_t recreations_of(ReadTx& tx, std::string_view project);
void set_recreations(Tx& tx, std::string_view project, std::int64_t recreations);

// By id.
std::vector<Machine> machines_in(ReadTx& tx, MachineState state);

// Pushes to that branch of a repository ("owner/name") roll the project's machine. Replaces what
// was bound before.
void bind_repository(Tx& tx, std::string_view project, std::string_view repository,
                     std::string_view branch);
void unbind_repository(Tx& tx, std::string_view project);
// Whether a push that was made then, by GitHub's clock, is older than one that the project has
// heard of; if it is not, it is the newest from now on.
bool is_stale_push(Tx& tx, std::string_view project, std::int64_t pushed_at);
// By name.
std::vector<std::string> projects_bound_to(ReadTx& tx, std::string_view repository,
                                           std::string_view branch);

std::optional<ProviderResource> find_resource(ReadTx& tx, std::string_view name);
// Records that a create is about to be sent now.
void record_ask(Tx& tx, std::string_view name, std::string_view machine, Time now);
void record_present(Tx& tx, std::string_view name, std::string_view external_id);
// Counts a look at the provider that found nothing; gives how many there were since the last
// forget_absences(). Looks are counted because no time can be: a clock that was set between two of
// them would make any wait look long enough.
std::int64_t record_absence(Tx& tx, std::string_view name);
std::int64_t absences(ReadTx& tx, std::string_view name);
void forget_absences(Tx& tx, std::string_view name);
void record_gone(Tx& tx, std::string_view name);

}  // namespace lifecycle
