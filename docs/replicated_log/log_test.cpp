#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/search/explore.hpp"
#include "sim/search/rapidcheck_tape.hpp"
#include "sim/search/verify.hpp"
#include "trial.hpp"

// The same trials under GoogleTest and RapidCheck.
namespace replicated_log {
namespace {

const sim::search::Scenario& elections() {
    return harness().scenarios.front();
}

TEST(ReplicatedLog, HoldsOnSeedsAndShowsItsRace) {
    sim::search::ExploreOptions options;
    options.scenarios = {&elections()};
    options.calm = true;
    options.last_seed = 60;
    options.coverage = true;
    const sim::search::Exploration explored = sim::search::explore(options, {});
    EXPECT_TRUE(explored.broken.empty());
    EXPECT_EQ(explored.sometimes.missing(), std::vector<std::string>());
}

TEST(ReplicatedLog, HoldsWhereverOneCrashIsInTheFirstElection) {
    sim::search::VerifyOptions options;
    options.only = {"crash"};
    options.until = std::chrono::milliseconds(250);
    const sim::search::Verification verified = sim::search::verify(elections(), options);
    EXPECT_TRUE(verified.sum.broken.empty());
    EXPECT_GT(verified.sum.runs, 5U);
}

RC_GTEST_PROP(ReplicatedLog, HoldsOnAnyTape, ()) {
    const auto tape = *sim::search::any_tape(elections(), sim::search::calm_profile(elections()));
    RC_ASSERT(sim::search::run(elections(), sim::search::recorded(tape.deviations)).held());
}

}  // namespace
}  // namespace replicated_log
