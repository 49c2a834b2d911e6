#pragma once

#include <string>
#include <vector>

#include "sim/search/session.hpp"

namespace sim::search {

// What a run's deviations did, one line each, in the order in which they happened: when, which
// lane, in words, and the event that came of it. That list is the explanation of a shrunk failure.
std::vector<std::string> explain(const Scenario& scenario,
                                 const std::vector<Deviation>& deviations);

// The same from the events of a run whose tape was recorded.
std::vector<std::string> explain(const std::vector<KeptEvent>& events);

}  // namespace sim::search
