#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// When a machine that says nothing is replaced, and when it is not.
inline constexpr const char* kSilenceJudged = "silence-judged";
inline constexpr const char* kSilenceJudgedSentence =
    "A machine is replaced when it was silent for so many looks in a row while its provider says "
    "that "
    "it runs, unless too many are silent at once, or so many before it were; and not otherwise.";

sim::search::Scenario every_silence();

}  // namespace scenarios
