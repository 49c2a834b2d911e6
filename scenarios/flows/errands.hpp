#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// How work gets to the box whose agent does it.
inline constexpr const char* kWorkHandedOver = "work-handed-over";
inline constexpr const char* kWorkHandedOverSentence =
    "Work is offered to the project's active machine at once, and again at the times that are "
    "promised, until its agent has ended it or its time is up, and not oftener.";

sim::search::Scenario every_errand();

}  // namespace scenarios
