#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "properties/lifecycle_coverage.hpp"
#include "properties/lifecycle_trial.hpp"
#include "scenarios/catalog/catalog.hpp"

// What the tests of all kinds of faults have in common.
namespace scenarios {

// Faults of that kind alone, at that many times its rate.
inline std::unique_ptr<sim::Source> only(const std::string& kind, std::uint64_t seed, double rate) {
    sim::search::SearchPlan plan{{sim::search::Strategy::fifo, 0}, {{kind}, {}, rate}, nullptr};
    return sim::search::seeded(seed, plan);
}

// A few storms in which nothing but that kind goes wrong: each strike shows in the trace, and the
// system survives them.
inline void expect_survived(const std::string& kind) {
    std::uint64_t struck = 0;
    properties::LifecycleCoverage coverage;
    // What a crash leaves of a disk, or of a box's disk, takes a crash.
    std::vector<std::string> kinds = {kind};
    const bool takes_crash = kind == "disk.lost-write" || kind == "disk.torn-write" ||
                             kind == "disk.bit-flip" || kind == "box.disk-loss";
    if (takes_crash) kinds.emplace_back("crash");
    // Some strike where little happens: those take a few storms more.
    for (std::uint64_t seed = 1; seed <= 3 || (struck == 0 && seed <= 100); ++seed) {
        sim::search::SearchPlan plan{{sim::search::Strategy::random, 0}, {kinds, {}, 3}, nullptr};
        sim::search::RunOptions options;
        options.listener = &coverage;
        const auto result =
            properties::run(*find_scenario("storm"), sim::search::seeded(seed, plan), options);
        EXPECT_TRUE(result.held()) << seed << ": " << result.violations.front().message;
        for (const auto& [name, count] : result.faults) {
            EXPECT_TRUE(std::find(kinds.begin(), kinds.end(), name) != kinds.end()) << name;
            if (name == kind) struck += count;
        }
    }
    EXPECT_GT(struck, 0U);
    const auto seen = coverage.seen().find("fault " + kind);
    ASSERT_NE(seen, coverage.seen().end());
    EXPECT_EQ(seen->second, struck) << "each strike is an event";
}

// "net.late" as a test may be called.
inline std::string test_name(const testing::TestParamInfo<const char*>& info) {
    std::string name = info.param;
    for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
    return name;
}

}  // namespace scenarios
