#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// What sweeps make of each difference that there can be between the rows and a provider.
inline constexpr const char* kDifferencesMended = "differences-mended";
inline constexpr const char* kDifferencesMendedSentence =
    "A sweep says of each difference between the rows and a provider what it is, believes it when "
    "it has been seen often enough, mends what may be mended, and touches nothing else.";

sim::search::Scenario every_difference();

}  // namespace scenarios
