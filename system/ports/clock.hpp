#pragma once

#include <cstdint>
#include <functional>

#include "system/ports/time.hpp"

namespace lifecycle {

enum class TimerId : std::uint64_t {};

// The core's only source of time.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;

    // Runs the callback once on the core's executor, at `when` or as soon after as it can; never
    // within this call. Callbacks that are left when the clock goes are destroyed without running.
    virtual TimerId schedule(Time when, std::move_only_function<void()> callback) = 0;

    // Runs the callback as soon as possible instead. Nothing, if it has run or is about to.
    virtual void expedite(TimerId timer) = 0;
};

}  // namespace lifecycle
