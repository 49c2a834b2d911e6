#pragma once

#include "sim/search/scenario.hpp"

namespace scenarios {

// Which boot of a machine's box is the machine.
inline constexpr const char* kBoxesKnown = "boxes-known";
inline constexpr const char* kBoxesKnownSentence =
    "A box is the machine that it has the secret of, one boot of it at a time: another takes its "
    "place by its token, by its silence, or by answering at its address, and not otherwise.";

sim::search::Scenario every_introduction();

}  // namespace scenarios
