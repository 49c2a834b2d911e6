#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// What time an installation reckons with.
inline constexpr const char* kTimeGoesOn = "time-goes-on";
inline constexpr const char* kTimeGoesOnSentence =
    "The time that due times are reckoned in goes on as the host's steady clock does, whatever the "
    "wall clock is set to, and across starts of the host as far as the wall clock says, never "
    "back.";

// A timeline alone, on a host whose clock is set and that starts anew.
std::vector<sim::search::Scenario> timelines();

}  // namespace scenarios
