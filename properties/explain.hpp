#pragma once

#include <string>
#include <vector>

#include "properties/run.hpp"

namespace properties {

// What a run's deviations did, one line each, in the order in which they happened: when, which
// lane, in words, and the event that came of it. That list is the explanation of a shrunk failure.
std::vector<std::string> explain(const scenarios::Scenario& scenario,
                                 const std::vector<sim::Deviation>& deviations);

// The same from the events of a run whose tape was recorded.
std::vector<std::string> explain(const std::vector<sim::KeptEvent>& events);

}  // namespace properties
