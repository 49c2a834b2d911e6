#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/machine.hpp"
#include "system/store/store.hpp"

// Typed queries over projects, machines and provider resources. Each runs in the transaction given.
namespace lifecycle {

// A name that a provider was or is about to be asked for: an obligation until confirmed gone.
struct ProviderResource {
    std::string name;
    std::string machine;
    std::string external_id;  // empty until the provider's answer is durable
    std::string state;        // "asked", "present" or "gone"
    Time asked_at{};          // when a create was last sent
};

std::optional<Machine> find_machine(Tx& tx, std::string_view id);
std::optional<Machine> find_machine_by_key(Tx& tx, std::string_view project,
                                           std::string_view idempotency_key);
// Oldest generation first.
std::vector<Machine> machines_of(Tx& tx, std::string_view project);
bool project_exists(Tx& tx, std::string_view project);
// The machine that the project's traffic goes to.
std::optional<Machine> active_machine(Tx& tx, std::string_view project);

// Makes the project if it is new, and gives it its next generation, which is returned.
std::int64_t next_generation(Tx& tx, std::string_view project, Time now);

void insert_machine(Tx& tx, const Machine& machine, std::string_view idempotency_key);

// Moves a machine from one state to another; false, changing nothing, if it is no longer in `from`.
// Throws std::logic_error if the table of transitions does not allow it.
bool transition(Tx& tx, const Machine& machine, MachineState to, Time now);

void set_active_machine(Tx& tx, std::string_view project, std::string_view machine);
void set_last_error(Tx& tx, std::string_view project, std::string_view error);
void set_provisioning_error(Tx& tx, std::string_view machine, std::string_view error);
void set_daemon_status(Tx& tx, std::string_view machine, DaemonStatus status, Time now);

// Records the provider's id and address, once, while the machine is starting. False, changing
// nothing, if it is not starting any more or has an id already.
bool set_external_id(Tx& tx, std::string_view machine, std::string_view external_id,
                     std::string_view address, Time now);

std::optional<ProviderResource> find_resource(Tx& tx, std::string_view name);
// Records that a create is about to be sent now.
void record_ask(Tx& tx, std::string_view name, std::string_view machine, Time now);
void record_present(Tx& tx, std::string_view name, std::string_view external_id);
// Counts a look at the provider that found nothing; gives how many there were since the last
// forget_absences(). Looks are counted because no time can be: a clock that was set between two of
// them would make any wait look long enough.
std::int64_t record_absence(Tx& tx, std::string_view name);
std::int64_t absences(Tx& tx, std::string_view name);
void forget_absences(Tx& tx, std::string_view name);
void record_gone(Tx& tx, std::string_view name);

}  // namespace lifecycle
