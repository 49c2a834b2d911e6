#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/search/explore.hpp"

namespace sim::search {

struct GuidedOptions {
    std::vector<const Scenario*> scenarios;
    std::uint64_t seed = 1;
    std::uint64_t runs = 1000;  // at most
    double seconds = 0;         // stop after that long; 0: when all runs are done
    unsigned jobs = 1;
    std::uint64_t stop_after = 0;
    FaultSwitches switches;
    std::function<bool()> stop;  // true: begin no more rounds
};

struct Guided {
    std::uint64_t runs = 0;
    std::uint64_t kept = 0;  // tapes that showed a behaviour which none before had shown
    double seconds = 0;
    std::map<std::string, std::uint64_t> behaviours;  // how often each was seen
    Sometimes sometimes;
    std::vector<Broken> broken;
    std::map<std::string, std::vector<std::string>> unknown_faults;  // as of an Exploration
};

// An exploration that learns: it keeps each tape that shows a new behaviour, and makes new tapes by
// adding, removing and changing deviations of those, and by joining two. It goes by rounds, so what
// it finds in a number of rounds depends on the seed alone and not on the number of jobs.
Guided explore_guided(const GuidedOptions& options,
                      const std::function<void(const Progress&)>& progress);

}  // namespace sim::search
