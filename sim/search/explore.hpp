#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/search/coverage.hpp"
#include "sim/search/search.hpp"

namespace sim::search {

struct ExploreOptions {
    std::vector<const Scenario*> scenarios;
    bool calm = false;  // the run of each scenario in which nothing deviates, before all seeds
    std::uint64_t first_seed = 1;
    std::uint64_t last_seed = 1000;  // one less than the first: no seed
    SearchPlan plan;                 // strategy and switches; profiles are made here
    Shard shard;                     // of the runs
    bool rotate = false;             // each seed runs one scenario, the next in turn, not all
    unsigned jobs = 1;               // worlds at a time, one thread each
    double seconds = 0;              // stop after that long; 0: when all seeds are done
    std::uint64_t stop_after = 0;    // stop when that many runs are broken; 0: never
    bool keep_hashes = false;
    bool keep_going = false;     // see RunOptions: what broke is told once for each property
    std::string property;        // see RunOptions
    bool coverage = false;       // keep count of behaviours
    std::function<bool()> stop;  // true: begin no more runs
};

struct Progress {
    std::uint64_t runs = 0;
    std::uint64_t total = 0;
    std::uint64_t broken = 0;
    double seconds = 0;
};

// Sums over all runs that were made. The runs are those of all scenarios for the first seed, then
// for the second, and so on; a run's result depends on nothing but its scenario and seed, so what
// is found does not depend on the number of jobs.
struct Exploration {
    std::uint64_t runs = 0;
    std::uint64_t seeds = 0;  // of which every scenario was run
    std::uint64_t steps = 0;
    std::uint64_t decisions = 0;
    double virtual_hours = 0;
    double seconds = 0;
    bool complete = true;          // false: stopped before the last seed
    std::uint64_t unfinished = 0;  // runs that did not come to their end, whoever judged
    std::map<std::string, std::uint64_t> faults;
    std::map<std::string, std::uint64_t> behaviours;  // if counted
    Sometimes sometimes;                              // the same
    std::vector<Broken> broken;                       // in the order of the runs
    // By scenario, those that it names and that can never strike: see unknown_faults().
    std::map<std::string, std::vector<std::string>> unknown_faults;
    std::map<std::string, std::uint64_t> hashes;  // "scenario seed", if kept
    struct Totals {
        std::uint64_t runs = 0;
        double seconds = 0;
        double virtual_hours = 0;
    };
    std::map<std::string, Totals> per_scenario;
};

// `progress` is called periodically, from one thread at a time.
Exploration explore(const ExploreOptions& options,
                    const std::function<void(const Progress&)>& progress);

}  // namespace sim::search
