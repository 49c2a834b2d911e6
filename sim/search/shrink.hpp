#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/search/session.hpp"

namespace sim::search {

struct ShrinkProgress {
    std::uint64_t runs = 0;
    std::size_t deviations = 0;  // of the best so far
};

struct ShrinkOptions {
    std::uint64_t max_runs = 20'000;
    std::optional<std::vector<std::string>> faults;  // allowed, if not those of the scenario
    std::function<bool()> stop;  // asked before each run: true keeps the best so far
    std::function<void(const ShrinkProgress&)> progress;
};

// The smallest run found that breaks the same property.
struct Shrunk {
    std::vector<Deviation> deviations;  // in the order in which they happen
    RunResult result;                   // of a run with these
    std::uint64_t runs = 0;             // that it took
    bool reproduced = false;            // false: not even the whole tape breaks that property
    bool minimal = false;               // no single deviation can be taken away
};

// Takes deviations away, and makes the values of the rest smaller, for as long as the same property
// breaks: whole kinds first, then ever smaller pieces, then one by one. A deviation of a workload
// is one too, so clients do less. Depends on nothing but its arguments (and on when it is stopped).
Shrunk shrink(const Scenario& scenario, std::vector<Deviation> deviations,
              const std::string& property, const ShrinkOptions& options = {});

}  // namespace sim::search
