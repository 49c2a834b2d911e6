#pragma once

#include <chrono>

namespace sim {

// Time inside a world: microseconds since the world began. It moves only when nothing is ready to
// run.
using Duration = std::chrono::microseconds;
using VirtualTime = std::chrono::microseconds;

}  // namespace sim
