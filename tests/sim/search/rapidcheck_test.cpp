#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "properties/lifecycle_trial.hpp"
#include "scenarios/client/action.hpp"
#include "scenarios/client/workload.hpp"
#include "sim/search/rapidcheck_tape.hpp"
#include "sim/search/search.hpp"

// RapidCheck drives whole worlds: it makes up the clients' steps and the bytes of the tape, and
// shrinks both when a property breaks.
namespace {

using scenarios::Stage;
using scenarios::Step;

using Plan = std::vector<Step>;

rc::Gen<Step> any_step() {
    return rc::gen::map(rc::gen::pair(rc::gen::inRange<std::size_t>(0, scenarios::actions().size()),
                                      rc::gen::inRange(0, 12)),
                        [](const std::pair<std::size_t, int>& drawn) {
                            Step step;
                            step.action = drawn.first;
                            step.think_minutes = drawn.second;
                            return step;
                        });
}

scenarios::Script play_plans(Stage stage, Plan alpha, Plan beta) {
    std::vector<std::pair<std::string, Plan>> plans;
    plans.emplace_back("alpha", std::move(alpha));
    plans.emplace_back("beta", std::move(beta));
    co_await scenarios::perform_together(stage, std::move(plans));
}

scenarios::Scenario scenario_of(Plan alpha, Plan beta, std::vector<std::string> faults) {
    scenarios::Scenario scenario;
    scenario.name = "generated";
    scenario.faults = std::move(faults);
    scenario.nemesis = true;
    scenario.at_most = std::chrono::hours(12);
    scenario.play = [alpha = std::move(alpha), beta = std::move(beta)](Stage stage) {
        return play_plans(stage, alpha, beta);
    };
    return scenario;
}

std::string outcome(const scenarios::Scenario& scenario, std::unique_ptr<sim::Source> source) {
    const auto result = properties::run(scenario, std::move(source));
    if (result.held()) return "held";
    return result.violations.front().property + ": " + result.violations.front().message;
}

}  // namespace

namespace rc {

// How a failing plan is printed.
void showValue(const Step& step, std::ostream& out) {
    out << scenarios::to_string(step);
}

}  // namespace rc

namespace {

RC_GTEST_PROP(RapidCheckWorlds, HoldForAnyPlanAndAnyTape, ()) {
    const auto alpha = *rc::gen::resize(10, rc::gen::container<Plan>(any_step()));
    const auto beta = *rc::gen::resize(6, rc::gen::container<Plan>(any_step()));
    const scenarios::Scenario scenario = scenario_of(alpha, beta, {""});
    const auto searched = properties::lifecycle_scenario(scenario);
    const auto tape = *sim::search::any_tape(searched, sim::search::calm_profile(searched));
    RC_ASSERT(outcome(scenario, sim::search::recorded(tape.deviations)) == "held");
}

RC_GTEST_PROP(RapidCheckWorlds, HoldForAnyPlanWhenNothingFails, ()) {
    const auto alpha = *rc::gen::resize(15, rc::gen::container<Plan>(any_step()));
    const auto beta = *rc::gen::resize(15, rc::gen::container<Plan>(any_step()));
    RC_ASSERT(outcome(scenario_of(alpha, beta, {}), sim::search::calm_tape()) == "held");
}

// Fails whenever a certain lane deviates at all.
scenarios::Script want_no_think(Stage stage) {
    sim::Tape& tape = stage.cluster().world().tape();
    const sim::LaneId lane = tape.lane("patience", sim::choice("patience"));
    for (int i = 0; i < 5; ++i) {
        stage.expect(tape.draw(lane, 50) < 20, "the client is not that patient");
    }
    co_return;
}

TEST(RapidCheckTape, ShrinksToTheDeviationThatMattersAndSaysIt) {
    scenarios::Scenario scenario;
    scenario.name = "patient";
    scenario.at_most = std::chrono::minutes(1);
    scenario.play = want_no_think;
    const auto searched = properties::lifecycle_scenario(scenario);
    const auto profile = sim::search::calm_profile(searched);
    const auto result = rc::detail::checkTestable(
        [&] {
            const auto tape = *sim::search::any_tape(searched, profile);
            RC_ASSERT(outcome(scenario, sim::search::recorded(tape.deviations)) == "held");
        },
        rc::detail::TestMetadata(), rc::detail::TestParams{11, 1000, 50, 10, false});
    rc::detail::FailureResult failed;
    ASSERT_TRUE(result.match(failed));
    const std::string& said = failed.counterExample.back().second;
    EXPECT_NE(said.find("1 deviations from the calm run of patient"), std::string::npos) << said;
    EXPECT_NE(said.find("patience (draw"), std::string::npos) << said;
    EXPECT_NE(said.find("draws 20"), std::string::npos) << said;
}

}  // namespace
