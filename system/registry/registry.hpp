#pragma once

#include <vector>

#include "system/concurrency/periodic_loop.hpp"
#include "system/outbox/outbox.hpp"
#include "system/telemetry/gauges.hpp"

namespace lifecycle {

// What the parts of the system bring along when it is put together: each installs its own
// consumers, loops and gauges here. What is registered outlives the registry's users.
struct Registry {
    Outbox& outbox;
    Gauges& gauges;
    std::vector<Loop*> loops = {};  // in the order in which they are started
};

}  // namespace lifecycle
