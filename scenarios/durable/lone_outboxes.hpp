#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// Outboxes alone: one, and two on one disk, with made-up events whose consumers do what consumers
// may.
std::vector<sim::search::Scenario> lone_outboxes();

}  // namespace scenarios
