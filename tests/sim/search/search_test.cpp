#include "sim/search/search.hpp"

#include <gtest/gtest.h>

#include "properties/lifecycle_coverage.hpp"
#include "sim/search/coverage.hpp"
#include "sim/search/explore.hpp"
#include "sim/search/guided.hpp"
#include "tests/support/catalog.hpp"
#include "tests/support/sample.hpp"

namespace sim::search {
namespace {

using scenarios::Script;
using scenarios::Stage;

Script spin_forever(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    for (;;) {
        const auto answer = co_await stage.call("GET", "/v1/machines/" + machine);
        static_cast<void>(answer);
    }
}

Script wait_for_nothing(Stage stage) {
    stage.network().block("server", "client");
    const std::string machine = co_await stage.create("alpha");
    static_cast<void>(machine);
}

TEST(Bytes, MakeATapeOfAnyInput) {
    Profile profile;
    profile.lanes = {{"never", sim::choice("never"), 0, 2}, {"lane", sim::choice("lane"), 10, 4}};
    const std::uint8_t bytes[] = {7, 0, 3, 1, 0, 255, 255, 200, 9, 9};
    const auto deviations = deviations_of(bytes, profile);
    ASSERT_EQ(deviations.size(), 2U) << "what is left over is ignored";
    EXPECT_EQ(deviations[0], (sim::Deviation{"lane", 3, 2}));
    EXPECT_EQ(deviations[1].lane, "lane");
    EXPECT_LT(deviations[1].index, 16U);
    EXPECT_LT(deviations[1].value, 4U);
    EXPECT_TRUE(deviations_of(bytes, {}).empty());
}

TEST(StuckRun, TellsWhoWaitsForWhatWhenItGoesRoundInCircles) {
    Scenario scenario = properties::lifecycle_scenario(
        {"spinning", "", {}, false, std::chrono::hours(1), spin_forever});
    scenario.max_steps = 3000;
    const RunResult result = run(scenario, calm_tape());
    ASSERT_FALSE(result.held());
    const Violation& stuck = result.violations.front();
    EXPECT_EQ(stuck.property, "run-completes");
    EXPECT_NE(stuck.message.find("ran 3000 tasks without coming to an end"), std::string::npos);
    EXPECT_NE(stuck.message.find("script waits for its end since +00:00:00.000000"),
              std::string::npos)
        << stuck.message;
    EXPECT_NE(stuck.message.find("machine:deadline of alpha-1"), std::string::npos)
        << stuck.message;
}

TEST(StuckRun, TellsWhoWaitsForWhatWhenNothingHappensAnyMore) {
    const Scenario scenario = properties::lifecycle_scenario(
        {"waiting", "", {}, false, std::chrono::minutes(2), wait_for_nothing});
    const RunResult result = run(scenario, calm_tape());
    ASSERT_FALSE(result.held());
    const std::string& message = result.violations.front().message;
    EXPECT_NE(message.find("did not end within its time"), std::string::npos) << message;
    EXPECT_NE(message.find("client waits for the answer to POST /v1/projects/alpha/machines"),
              std::string::npos)
        << message;
}

TEST(Coverage, NamesBehavioursWithoutIds) {
    properties::LifecycleCoverage coverage;
    RunOptions options;
    options.listener = &coverage;
    run(tests::scenario("ready-before-provision"), calm_tape(), options);
    EXPECT_TRUE(coverage.seen().contains("machine.state starting->active"));
    EXPECT_TRUE(coverage.seen().contains("order machine.daemon ready < machine.provisioned"));
    EXPECT_TRUE(coverage.seen().contains("starting->active after no fault in machine:readiness"));
    EXPECT_TRUE(coverage.seen().contains("starting->active at the age of tens of seconds"));
    EXPECT_TRUE(coverage.seen().contains("machine.created at fly"));
    EXPECT_TRUE(coverage.seen().contains("net.answer consul 404"));
    for (const auto& [name, count] : coverage.seen()) {
        EXPECT_EQ(name.find("alpha"), std::string::npos) << name;
        EXPECT_GT(count, 0U);
    }
}

TEST(Coverage, SaysWhyAndWhatWasGoingOnMeanwhile) {
    for (const auto& [scenario, behaviour] :
         {std::pair("token-rotated", "net.answer server 401"),
          {"slow-start", "outbox.later machine:provision: the resource is starting"},
          {"clock-set-while-down", "outbox.retry machine:provision: ambiguous: timed out"},
          {"clock-set-while-down", "clock.jump while it is down"},
          {"clock-set-forward", "clock.jump while a machine is starting"},
          {"clock-set-forward", "starting->active at the age of minutes"}}) {
        properties::LifecycleCoverage coverage;
        RunOptions options;
        options.listener = &coverage;
        run(tests::scenario(scenario), calm_tape(), options);
        EXPECT_TRUE(coverage.seen().contains(behaviour)) << scenario << ": " << behaviour;
        for (const auto& [name, count] : coverage.seen()) {
            EXPECT_EQ(name.find("alpha"), std::string::npos) << name;
        }
    }
}

TEST(Coverage, KnowsWhatMustSometimesHappenAndNeverDid) {
    Scenario scenario = tests::scenario("calm");
    scenario.sometimes = {"machine.state starting->active", "pigs fly", "pigs fly"};
    ExploreOptions options;
    options.scenarios = {&scenario};
    options.last_seed = 3;
    options.coverage = true;
    const Exploration exploration = explore(options, {});
    EXPECT_EQ(exploration.sometimes.missing(), std::vector<std::string>{"calm: pigs fly"});
}

TEST(Coverage, WhatAnotherScenarioShowsDoesNotCount) {
    Scenario calm = tests::scenario("calm");
    calm.sometimes = {"machine.adopted labels"};
    ExploreOptions options;
    options.scenarios = {&calm, &tests::scenario("create-answer-lost")};
    options.last_seed = 3;
    options.coverage = true;
    const Exploration exploration = explore(options, {});
    EXPECT_TRUE(exploration.behaviours.contains("machine.adopted labels"));
    EXPECT_EQ(exploration.sometimes.missing(),
              std::vector<std::string>{"calm: machine.adopted labels"});
}

TEST(Guided, DependsOnItsSeedAloneAndLearns) {
    GuidedOptions options;
    options.scenarios = {&tests::scenario("rollover")};
    options.runs = 96;
    const Guided alone = explore_guided(options, {});
    options.jobs = 3;
    const Guided together = explore_guided(options, {});
    EXPECT_EQ(alone.behaviours, together.behaviours);
    EXPECT_EQ(alone.kept, together.kept);
    EXPECT_GT(alone.kept, 5U);
    EXPECT_TRUE(alone.broken.empty());
    options.seed = 2;
    EXPECT_NE(explore_guided(options, {}).behaviours, alone.behaviours);
}

TEST(Explore, GivesEachSeedOneScenarioInTurnIfAsked) {
    ExploreOptions options;
    options.scenarios = {&tests::scenario("calm"), &tests::scenario("rollover")};
    options.first_seed = 5;
    options.last_seed = 11;
    options.rotate = true;
    options.keep_hashes = true;
    const Exploration exploration = explore(options, {});
    EXPECT_EQ(exploration.runs, 7U);
    EXPECT_TRUE(exploration.hashes.contains("calm 5"));
    EXPECT_TRUE(exploration.hashes.contains("rollover 6"));
    EXPECT_TRUE(exploration.hashes.contains("calm 11"));
}

Script many_machines(Stage stage, int machines) {
    for (int i = 0; i < machines; ++i) {
        // As fast as the provider's limit of one creation a second allows.
        const std::string machine = co_await stage.create("project-" + std::to_string(i));
        EXPECT_FALSE(machine.empty());
        co_await stage.sleep(std::chrono::milliseconds(1500));
    }
    co_await stage.sleep(std::chrono::minutes(30));
    int active = 0;
    for (const auto& [id, machine] : stage.shadow().machines()) {
        active += machine.state == lifecycle::MachineState::active ? 1 : 0;
    }
    stage.expect(active == machines, "all machines are active, not " + std::to_string(active));
}

// In the sampled suite some of them.
TEST(World, RunsAThousandMachines) {
    const int machines = tests::is_sampled() ? 200 : 1000;
    const auto play = [machines](Stage stage) { return many_machines(stage, machines); };
    Scenario scenario =
        properties::lifecycle_scenario({"thousand", "", {}, false, std::chrono::hours(8), play});
    // Each of them reports every other minute.
    scenario.max_steps = 3 * kStepLimit;
    const RunResult result = run(scenario, calm_tape());
    EXPECT_TRUE(result.held()) << result.violations.front().message;
}

}  // namespace
}  // namespace sim::search
