#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/machine.hpp"
#include "system/rows/page.hpp"
#include "system/store/store.hpp"

// Typed queries over machines. Each runs in the transaction given.
namespace lifecycle {

std::optional<Machine> find_machine(ReadTx& tx, std::string_view id);
// Oldest generation first.
std::vector<Machine> machines_of(ReadTx& tx, std::string_view project);
// The page goes by generation.
std::vector<Machine> machines_of(ReadTx& tx, std::string_view project, const Page& page);
// The machine of the project that is on its way; there is one at most.
std::optional<Machine> starting_machine(ReadTx& tx, std::string_view project);
// The machine that the project's traffic goes to.
std::optional<Machine> active_machine(ReadTx& tx, std::string_view project);

void insert_machine(Tx& tx, const Machine& machine);

// Moves a machine from one state to another; false, changing nothing, if it is no longer in `from`.
// Throws std::logic_error if the table of transitions does not allow it.
bool transition(Tx& tx, const Machine& machine, MachineState to, Time now);

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

// By id.
std::vector<Machine> machines_in(ReadTx& tx, MachineState state);

}  // namespace lifecycle
