#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// What the lifecycle's flows make of whatever a provider may answer.
inline constexpr const char* kOdditiesHandled = "oddities-handled";
inline constexpr const char* kOdditiesHandledSentence =
    "A flow that meets an answer which it did not hope for is taken up again when it should, or "
    "ends as it should; and once that has passed, all is as if it had never been.";

// By which a run tells that a row of a flow's reactions, or of a situation's endings, has counted;
// facts: of (a kind of events, or a situation), row.
inline constexpr const char* kReactionMet = "reaction.met";
inline constexpr const char* kEndingMet = "ending.met";

// For each situation one.
std::vector<sim::search::Scenario> every_oddity();

}  // namespace scenarios
