#pragma once

#include <string_view>
#include <vector>

#include "scenarios/scenario.hpp"

namespace scenarios {

// Every scenario, in the order in which they are listed and explored.
const std::vector<Scenario>& catalog();

// Null if there is none of that name.
const Scenario* find_scenario(std::string_view name);

}  // namespace scenarios
