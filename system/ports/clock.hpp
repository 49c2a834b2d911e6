#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "system/ports/time.hpp"

namespace lifecycle {

enum class TimerId : std::uint64_t {};

// The core's only source of time.
class Clock {
  public:
    virtual ~Clock() = default;

    // What people are told. Somebody may set it, back or forward.
    virtual Time wall() const = 0;
    virtual SteadyTime steady() const = 0;
    // Names where steady() counts from, such as the start of the host: readings of one origin can
    // be compared, by whichever process they were taken. Empty: those of this object only.
    virtual std::string origin() const = 0;

    // What due times and deadlines are reckoned in: wall(), unless this clock knows better.
    virtual Time now() const { return wall(); }
    // What to tell people of a time that was reckoned by now().
    Time shown(Time time) const { return time + (wall() - now()); }

    // Runs the callback once on the core's executor, at `when` or as soon after as it can; never
    // within this call. Callbacks that are left when the clock goes are destroyed without running.
    virtual TimerId schedule(Time when, std::move_only_function<void()> callback) = 0;

    // Runs the callback as soon as possible instead. Nothing, if it has run or is about to.
    virtual void expedite(TimerId timer) = 0;
};

}  // namespace lifecycle
