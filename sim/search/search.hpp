#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/search/session.hpp"

// What the engines that search for a counterexample share.
namespace sim::search {

// One part of a search that is split: the runs whose number is `index` modulo `count`, from 0.
struct Shard {
    std::uint64_t index = 0;
    std::uint64_t count = 1;
    bool owns(std::uint64_t number) const { return number % count == index; }
};

// A run in which a property broke.
struct Broken {
    std::string scenario;
    std::uint64_t seed = 0;  // of an exploration; 0 where a run came from elsewhere
    Violation violation;
    std::uint64_t hash = 0;
    std::vector<Deviation> deviations;  // where the run has no seed
};

// What the calm run of the scenario looks like, for strategies to deviate from.
std::shared_ptr<const Profile> calm_profile(const Scenario& scenario);

// The faults that the scenario names and of which its baseline run opens no lane: they can never
// strike, because a name is misspelt or whatever they strike is not in that world.
std::vector<std::string> unknown_faults(const Scenario& scenario, const Profile& baseline);

// Bytes as deviations from a calm run, four bytes each: which lane, which of its draws (two bytes),
// what value. Any bytes make a tape, and a changed byte changes one deviation: for fuzzers.
std::vector<Deviation> deviations_of(std::span<const std::uint8_t> bytes, const Profile& profile);

// Calls work(number) for each number below `total`, on that many threads; in rising order on each.
// Stops handing out numbers when `stopped` says so. An exception of the work leaves parallel().
void parallel(std::uint64_t total, unsigned jobs, const std::function<bool()>& stopped,
              const std::function<void(std::uint64_t)>& work);

}  // namespace sim::search
