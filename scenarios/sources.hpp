#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/hash.hpp"
#include "sim/recorder.hpp"
#include "sim/strategy.hpp"
#include "sim/tape.hpp"

// Where the decisions of a run may come from.
namespace scenarios {

// The default mix of strategies.
std::unique_ptr<sim::Source> seeded(std::uint64_t seed);
std::unique_ptr<sim::Source> seeded(std::uint64_t seed, const sim::SearchPlan& plan);
std::unique_ptr<sim::Source> recorded(const std::vector<sim::Deviation>& deviations);
std::unique_ptr<sim::Source> calm_tape();

}  // namespace scenarios
