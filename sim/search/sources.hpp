#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/search/strategy.hpp"
#include "sim/world/hash.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/tape.hpp"

// Where the decisions of a run may come from.
namespace sim::search {

// The default mix of strategies.
std::unique_ptr<Source> seeded(std::uint64_t seed);
std::unique_ptr<Source> seeded(std::uint64_t seed, const SearchPlan& plan);
std::unique_ptr<Source> recorded(const std::vector<Deviation>& deviations);
std::unique_ptr<Source> calm_tape();

}  // namespace sim::search
