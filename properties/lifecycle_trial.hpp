#pragma once

#include <memory>

#include "scenarios/scenario.hpp"
#include "sim/search/harness.hpp"
#include "sim/search/session.hpp"

namespace properties {

// The scenario with all properties watching, for the engines of sim/search: the script under
// faults, the calm, what each project's client demands then, and the final account.
sim::search::Scenario lifecycle_scenario(const scenarios::Scenario& scenario);

// The whole catalog.
const sim::search::Harness& lifecycle_harness();

// Plays it once.
sim::search::RunResult run(const scenarios::Scenario& scenario, std::unique_ptr<sim::Source> source,
                           const sim::search::RunOptions& options = {});

}  // namespace properties
