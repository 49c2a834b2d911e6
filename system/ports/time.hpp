#pragma once

#include <chrono>

namespace lifecycle {

// Microseconds since the Unix epoch. Only a Clock knows what it is now.
using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

// A reading that only goes on, whatever clock is set. By itself it means nothing.
struct Steady {
    using duration = Duration;
};
using SteadyTime = std::chrono::time_point<Steady, Duration>;

}  // namespace lifecycle
