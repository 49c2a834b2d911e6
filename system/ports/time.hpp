#pragma once

#include <chrono>

namespace lifecycle {

// The core's time: microseconds since the Unix epoch. Only a Clock knows what it is now.
using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

}  // namespace lifecycle
