#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "properties/run.hpp"
#include "scenarios/workload.hpp"

// RapidCheck drives whole worlds: it makes up the clients' steps and the bytes of the tape, and
// shrinks both when a property breaks.
namespace {

using scenarios::Stage;
using scenarios::Step;

using Plan = std::vector<Step>;

rc::Gen<Step> any_step() {
    return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, static_cast<int>(Step::kActions)),
                                      rc::gen::inRange(0, 12)),
                        [](const std::pair<int, int>& drawn) {
                            Step step;
                            step.action = static_cast<Step::Action>(drawn.first);
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

// Runs the plans under the faults named, and says what broke.
std::string outcome(const Plan& alpha, const Plan& beta, const std::vector<std::uint8_t>& bytes,
                    const std::vector<std::string>& faults) {
    scenarios::Scenario scenario;
    scenario.name = "generated";
    scenario.faults = faults;
    scenario.nemesis = true;
    scenario.at_most = std::chrono::hours(12);
    scenario.play = [&](Stage stage) { return play_plans(stage, alpha, beta); };
    const auto result = properties::run(scenario, std::make_unique<sim::ByteSource>(bytes));
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
    const auto bytes = *rc::gen::resize(
        3000, rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>()));
    RC_ASSERT(outcome(alpha, beta, bytes, {""}) == "held");
}

RC_GTEST_PROP(RapidCheckWorlds, HoldForAnyPlanWhenNothingFails, ()) {
    const auto alpha = *rc::gen::resize(15, rc::gen::container<Plan>(any_step()));
    const auto beta = *rc::gen::resize(15, rc::gen::container<Plan>(any_step()));
    RC_ASSERT(outcome(alpha, beta, {}, {}) == "held");
}

}  // namespace
