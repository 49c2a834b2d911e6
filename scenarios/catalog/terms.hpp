#pragma once

#include <vector>

#include "scenarios/scenario.hpp"

namespace scenarios {

// Gives each scenario what takes another time in its baseline run than it usually does.
void set_terms(std::vector<Scenario>& scenarios);

}  // namespace scenarios
