#pragma once

#include "system/lifecycle/options.hpp"
#include "system/telemetry/gauges.hpp"

namespace lifecycle {

// Machines by state and provider, those without an external id, starting ones that are late;
// resources and volumes that are not confirmed gone, and what is kept in quarantine.
Meter lifecycle_gauges(const MachineDefaults& defaults);

}  // namespace lifecycle
