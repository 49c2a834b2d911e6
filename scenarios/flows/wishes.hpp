#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// What people may want of a project's machines, one wish after the other.
inline constexpr const char* kWishesGranted = "wishes-granted";
inline constexpr const char* kWishesGrantedSentence =
    "Whatever people want of a project's machines, in whatever order, is answered as a model of "
    "the project answers it, and the project is as the model then.";

sim::search::Scenario every_wish();

}  // namespace scenarios
