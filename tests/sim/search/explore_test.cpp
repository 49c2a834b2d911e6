#include "sim/search/explore.hpp"

#include <gtest/gtest.h>

#include "sim/search/session.hpp"
#include "tests/support/catalog.hpp"

namespace sim::search {
namespace {

scenarios::Script disappoint_some(scenarios::Stage stage) {
    // Broken for about one seed in four: a choice of four, drawn from a lane of its own.
    sim::Tape& tape = stage.cluster().world().tape();
    const auto drawn = tape.draw(tape.lane("test", sim::choice("test")), 4);
    stage.expect(drawn != 3, "the draw is not 3");
    co_return;
}

ExploreOptions options(const Scenario& scenario, unsigned jobs) {
    ExploreOptions chosen;
    chosen.scenarios = {&scenario};
    chosen.first_seed = 1;
    chosen.last_seed = 60;
    chosen.jobs = jobs;
    chosen.keep_hashes = true;
    return chosen;
}

Scenario disappointing() {
    return properties::lifecycle_scenario(
        {"disappointing", "", {}, false, std::chrono::minutes(1), disappoint_some});
}

std::vector<std::uint64_t> seeds_of(const Exploration& exploration) {
    std::vector<std::uint64_t> seeds;
    for (const Broken& broken : exploration.broken) seeds.push_back(broken.seed);
    return seeds;
}

TEST(Explore, FindsTheSameWhateverTheNumberOfJobs) {
    const Scenario scenario = disappointing();
    const Exploration alone = explore(options(scenario, 1), {});
    const Exploration together = explore(options(scenario, 4), {});
    EXPECT_EQ(alone.hashes, together.hashes);
    EXPECT_EQ(seeds_of(alone), seeds_of(together));
    EXPECT_GT(alone.broken.size(), 3U);
    EXPECT_LT(alone.broken.size(), 40U);
    EXPECT_EQ(alone.runs, 60U);
    EXPECT_EQ(alone.broken.front().violation.property, "script-satisfied");
}

TEST(Explore, StopsAtTheFirstBrokenRunWhateverTheNumberOfJobs) {
    const Scenario scenario = disappointing();
    const Exploration all = explore(options(scenario, 1), {});
    for (const unsigned jobs : {1U, 3U}) {
        ExploreOptions first = options(scenario, jobs);
        first.stop_after = 1;
        const Exploration found = explore(first, {});
        EXPECT_EQ(seeds_of(found), std::vector<std::uint64_t>{seeds_of(all).front()}) << jobs;
    }
}

TEST(Explore, SaysThatAScriptDidNotEnd) {
    const auto forever = [](scenarios::Stage stage) {
        struct Forever {
            static scenarios::Script play(scenarios::Stage on) {
                for (;;) co_await on.sleep(std::chrono::minutes(1));
            }
        };
        return Forever::play(stage);
    };
    const Scenario scenario =
        properties::lifecycle_scenario({"forever", "", {}, false, std::chrono::hours(1), forever});
    const RunResult result = run(scenario, std::make_unique<sim::CalmSource>());
    ASSERT_FALSE(result.held());
    EXPECT_EQ(result.violations.front().property, "run-completes");
}

scenarios::Script throw_something(scenarios::Stage stage) {
    co_await stage.sleep(std::chrono::seconds(1));
    throw std::runtime_error("a script with a bug");
}

TEST(Explore, CountsAnExceptionOfAScriptAsABrokenRun) {
    const Scenario scenario = properties::lifecycle_scenario(
        {"throwing", "", {}, false, std::chrono::minutes(1), throw_something});
    const RunResult result = run(scenario, calm_tape());
    ASSERT_FALSE(result.held());
    EXPECT_EQ(result.violations.front().property, "run-completes");
    EXPECT_NE(result.violations.front().message.find("a script with a bug"), std::string::npos);
}

TEST(Explore, AnswersAQueryWhereARunStops) {
    RunOptions options;
    options.until_step = 40;
    options.question = "SELECT id, state FROM machine";
    const auto& calm = tests::scenario("calm");
    const RunResult early = run(calm, std::make_unique<sim::CalmSource>(), options);
    EXPECT_EQ(early.answer, "id\tstate\nalpha-1\tstarting\n");
    EXPECT_EQ(early.steps, 40U);
    options.until_step.reset();
    const RunResult late = run(calm, std::make_unique<sim::CalmSource>(), options);
    EXPECT_EQ(late.answer, "id\tstate\nalpha-1\tactive\n");
    options.question = "SELECT nonsense FROM nowhere";
    const RunResult wrong = run(calm, std::make_unique<sim::CalmSource>(), options);
    EXPECT_NE(wrong.no_answer.find("no such table"), std::string::npos) << wrong.no_answer;
    options.question = "DELETE FROM machine";
    const RunResult change = run(calm, std::make_unique<sim::CalmSource>(), options);
    EXPECT_NE(change.no_answer.find("only statements that read"), std::string::npos)
        << change.no_answer;
}

}  // namespace
}  // namespace sim::search
