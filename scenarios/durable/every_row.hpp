#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// Every function of system/rows, on a database with several of everything.
std::vector<sim::search::Scenario> every_row();

}  // namespace scenarios
