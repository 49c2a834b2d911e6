#pragma once

#include <string>
#include <string_view>

#include "system/lifecycle/options.hpp"
#include "system/model/machine.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// A machine is asked for: one transaction makes its row and the event that provisions it, and
// detaches older machines of the project that are still starting. The same idempotency key in the
// same project gives the machine that it made before.
Machine create_machine(Tx& tx, std::string_view project, const MachineSpec& spec,
                       std::string_view idempotency_key, const LifecycleOptions& options, Time now);

// A person retires a machine: it serves no longer, and its resource is destroyed. Retiring a
// machine that is on its way out hastens it. Conflict if it has failed.
Result<Machine> retire_machine(Tx& tx, std::string_view machine, Time now);

// A machine did not make it: it becomes `failed`, says why, and its resource is destroyed. Nothing
// if it is not starting any more.
void fail_machine(Tx& tx, std::string_view machine, std::string_view reason, Time now);

// What a machine's daemon says of itself. `ready` leads to a readiness probe, exactly once, as soon
// as the external id is durable too. Conflict if the machine has been replaced or retired.
Result<Machine> report_status(Tx& tx, std::string_view machine, DaemonStatus status, Time now);

}  // namespace lifecycle
