#pragma once

#include "system/telemetry/gauges.hpp"

namespace lifecycle {

// How much waits to be handled, how long it has, and what was buried.
Meter outbox_gauges();

}  // namespace lifecycle
