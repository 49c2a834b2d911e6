#include <gtest/gtest.h>

#include "properties/property.hpp"
#include "sim/search/explore.hpp"
#include "tests/support/catalog.hpp"

// What each property sees of a broken run alone. The script breaks two: its own expectation, and,
// since it hangs, that a run comes to its end.
namespace sim::search {
namespace {

scenarios::Script expect_too_much(scenarios::Stage stage) {
    stage.expect(false, "pigs fly");
    stage.expect(false, "they land");
    co_await stage.sleep(std::chrono::hours(2));
}

class KeepGoing : public testing::Test {
  protected:
    KeepGoing() {
        options.scenarios = {&scenario};
        options.calm = true;
        options.last_seed = 2;
    }

    std::vector<std::string> broken() const {
        std::vector<std::string> names;
        for (const Broken& one : explore(options, {}).broken) {
            names.push_back(one.violation.property);
        }
        return names;
    }

    Scenario scenario = properties::lifecycle_scenario(
        {"hopeful", "Expects too much.", {}, false, std::chrono::hours(1), expect_too_much});
    ExploreOptions options;
};

TEST_F(KeepGoing, EndsWithTheFirstThatBreaksUnlessItIsAskedNotTo) {
    EXPECT_EQ(broken(), std::vector<std::string>(3, std::string(properties::kScriptSatisfied)))
        << "the calm run and two seeds";
}

TEST_F(KeepGoing, CountsNoCalmRunAsASeed) {
    EXPECT_EQ(explore(options, {}).seeds, 2U);
    EXPECT_EQ(explore(options, {}).runs, 3U);
}

TEST_F(KeepGoing, TellsEachPropertyOnceForEachRun) {
    options.keep_going = true;
    options.last_seed = 0;
    const std::vector<std::string> both = {std::string(properties::kScriptSatisfied),
                                           "run-completes"};
    EXPECT_EQ(broken(), both);
}

TEST_F(KeepGoing, LetsOnePropertyJudgeAlone) {
    options.property = "run-completes";
    EXPECT_EQ(broken(), std::vector<std::string>(3, "run-completes"));
    options.property = "convergence";
    EXPECT_TRUE(broken().empty());
}

}  // namespace
}  // namespace sim::search
