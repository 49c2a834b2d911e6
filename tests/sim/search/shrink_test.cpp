#include "sim/search/shrink.hpp"

#include <gtest/gtest.h>

#include "sim/search/explain.hpp"
#include "tests/support/catalog.hpp"

namespace sim::search {
namespace {

// Broken when both lanes deviated, the first by 7 or more.
scenarios::Script want_both(scenarios::Stage stage) {
    sim::Tape& tape = stage.cluster().world().tape();
    const sim::LaneId size = tape.lane("size", sim::choice("size"));
    const sim::LaneId twice = tape.lane("twice", sim::choice("twice"));
    bool large = false;
    bool also = false;
    for (int i = 0; i < 200; ++i) {
        large = tape.draw(size, 100) >= 7 || large;
        also = tape.draw(twice, 3) == 2 || also;
    }
    stage.expect(!large || !also, "not both");
    co_return;
}

Scenario both() {
    return properties::lifecycle_scenario(
        {"both", "", {}, false, std::chrono::minutes(1), want_both});
}

std::vector<sim::Deviation> recorded_failure(const Scenario& scenario) {
    for (std::uint64_t seed = 1;; ++seed) {
        RunOptions options;
        options.record_tape = true;
        RunResult result = run(scenario, seeded(seed), options);
        if (!result.held() && result.deviations.size() > 50) return result.deviations;
    }
}

TEST(Shrink, LeavesOnlyWhatIsNeededAndAsSmallAsItCanBe) {
    const Scenario scenario = both();
    const Shrunk shrunk = shrink(scenario, recorded_failure(scenario), "script-satisfied");
    ASSERT_TRUE(shrunk.reproduced);
    EXPECT_TRUE(shrunk.minimal);
    ASSERT_EQ(shrunk.deviations.size(), 2U);
    for (const sim::Deviation& deviation : shrunk.deviations) {
        EXPECT_EQ(deviation.value, deviation.lane == "size" ? 7U : 2U);
    }
    EXPECT_FALSE(shrunk.result.held());
}

TEST(Shrink, DependsOnNothingButItsArguments) {
    const Scenario scenario = both();
    const auto tape = recorded_failure(scenario);
    const Shrunk once = shrink(scenario, tape, "script-satisfied");
    const Shrunk again = shrink(scenario, tape, "script-satisfied");
    EXPECT_EQ(once.deviations, again.deviations);
    EXPECT_EQ(once.runs, again.runs);
}

TEST(Shrink, KeepsTheBestSoFarWhenItIsStopped) {
    const Scenario scenario = both();
    const auto tape = recorded_failure(scenario);
    ShrinkOptions options;
    options.max_runs = 4;
    const Shrunk shrunk = shrink(scenario, tape, "script-satisfied", options);
    EXPECT_TRUE(shrunk.reproduced);
    EXPECT_FALSE(shrunk.minimal);
    EXPECT_LE(shrunk.deviations.size(), tape.size());
    EXPECT_FALSE(run(scenario, recorded(shrunk.deviations)).held());
}

TEST(Shrink, SaysThatATapeDoesNotBreakTheProperty) {
    const Scenario scenario = both();
    EXPECT_FALSE(shrink(scenario, {}, "script-satisfied").reproduced);
    EXPECT_FALSE(shrink(scenario, recorded_failure(scenario), "convergence").reproduced);
}

TEST(Explain, TellsEachDeviationInWordsAndInOrder) {
    const Scenario& scenario = tests::scenario("rollover");
    const auto lines = explain(
        scenario, {{"net server->fly lost request", 0, 1}, {"net client->server latency", 0, 39}});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_NE(lines[0].find("net client->server latency (draw 0): takes 20500 us"),
              std::string::npos)
        << lines[0];
    EXPECT_NE(lines[1].find("loses a request; then server net.lost what=POST"), std::string::npos)
        << lines[1];
}

}  // namespace
}  // namespace sim::search
