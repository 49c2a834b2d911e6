#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string>

#include "system/ports/time.hpp"

namespace fakes {

// RFC 3339, in UTC and whole seconds.
inline std::string timestamp(lifecycle::Time time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(second.time_since_epoch().count()));
}

}  // namespace fakes
