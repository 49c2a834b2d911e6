#pragma once

#include "system/ports/clock.hpp"
#include "system/providers/providers.hpp"
#include "system/telemetry/gauges.hpp"

namespace lifecycle {

// For how long each provider has been out of reach, as this process knows; 0: it is in reach. Both
// must outlive the meter.
Meter provider_gauges(const Providers& providers, const Clock& clock);

}  // namespace lifecycle
