#include "properties/shrink.hpp"

#include <gtest/gtest.h>

#include "properties/explain.hpp"

namespace properties {
namespace {

// Broken when both lanes deviated, the first by 7 or more.
scenarios::Script want_both(scenarios::Stage stage) {
    sim::Tape& tape = stage.universe().world().tape();
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

scenarios::Scenario both() {
    return {"both", "", {}, false, std::chrono::minutes(1), want_both};
}

std::vector<sim::Deviation> recorded_failure(const scenarios::Scenario& scenario) {
    for (std::uint64_t seed = 1;; ++seed) {
        RunOptions options;
        options.record_tape = true;
        RunResult result = run(scenario, scenarios::seeded(seed), options);
        if (!result.held() && result.deviations.size() > 50) return result.deviations;
    }
}

TEST(Shrink, LeavesOnlyWhatIsNeededAndAsSmallAsItCanBe) {
    const scenarios::Scenario scenario = both();
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
    const scenarios::Scenario scenario = both();
    const auto tape = recorded_failure(scenario);
    const Shrunk once = shrink(scenario, tape, "script-satisfied");
    const Shrunk again = shrink(scenario, tape, "script-satisfied");
    EXPECT_EQ(once.deviations, again.deviations);
    EXPECT_EQ(once.runs, again.runs);
}

TEST(Shrink, KeepsTheBestSoFarWhenItIsStopped) {
    const scenarios::Scenario scenario = both();
    const auto tape = recorded_failure(scenario);
    ShrinkOptions options;
    options.most_runs = 4;
    const Shrunk shrunk = shrink(scenario, tape, "script-satisfied", options);
    EXPECT_TRUE(shrunk.reproduced);
    EXPECT_FALSE(shrunk.minimal);
    EXPECT_LE(shrunk.deviations.size(), tape.size());
    EXPECT_FALSE(run(scenario, scenarios::recorded(shrunk.deviations)).held());
}

TEST(Shrink, SaysThatATapeDoesNotBreakTheProperty) {
    const scenarios::Scenario scenario = both();
    EXPECT_FALSE(shrink(scenario, {}, "script-satisfied").reproduced);
    EXPECT_FALSE(shrink(scenario, recorded_failure(scenario), "convergence").reproduced);
}

TEST(Explain, TellsEachDeviationInWordsAndInOrder) {
    const scenarios::Scenario& scenario = *scenarios::find_scenario("rollover");
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
}  // namespace properties
