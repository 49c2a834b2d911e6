#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// How the record of a project's route follows its machine, whatever its table answers.
inline constexpr const char* kRecordFollows = "record-follows";
inline constexpr const char* kRecordFollowsSentence =
    "The record of a project's route says where its active machine is reached, or that it is not; "
    "it "
    "is written when it says something else and something older, and what fails is tried again.";

sim::search::Scenario every_route();

}  // namespace scenarios
