#pragma once

#include <string_view>

#include "properties/lifecycle_trial.hpp"

namespace tests {

// A scenario of the control plane, for the engines that search.
inline const sim::search::Scenario& scenario(std::string_view name) {
    return *sim::search::find_scenario(properties::lifecycle_harness().scenarios, name);
}

}  // namespace tests
