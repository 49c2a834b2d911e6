#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// What a client makes of an answer is what its provider's description says.
inline constexpr const char* kAnswersUnderstood = "answers-understood";
inline constexpr const char* kAnswersUnderstoodSentence =
    "Whatever a provider answers, its client asks in the provider's words, takes the answer for "
    "what the provider's description says, waits no longer than it may, and tells no secret.";

// For each provider one: its client alone, all that the provider may say to it, and what no
// provider should.
std::vector<sim::search::Scenario> every_answer();

}  // namespace scenarios
