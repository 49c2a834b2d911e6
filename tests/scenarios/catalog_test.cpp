#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "properties/lifecycle_trial.hpp"
#include "scenarios/catalog/catalog.hpp"
#include "sim/search/search.hpp"
#include "tests/support/catalog.hpp"
#include "tests/support/sample.hpp"

namespace scenarios {
namespace {

// Each scenario by name, so that a failure says which.
class Catalog : public testing::TestWithParam<std::string> {
  protected:
    const Scenario& scenario() const { return *find_scenario(GetParam()); }
};

std::string first_violation(const sim::search::RunResult& result) {
    if (result.held()) return "held";
    return result.violations.front().property + ": " + result.violations.front().message;
}

TEST_P(Catalog, HoldsOnTheCalmTape) {
    const auto result = properties::run(scenario(), std::make_unique<sim::CalmSource>());
    EXPECT_EQ(first_violation(result), "held");
    EXPECT_TRUE(result.faults.empty()) << "the calm tape has no faults";
}

TEST_P(Catalog, HoldsOnSeeds) {
    for (const std::uint64_t seed : tests::sample(GetParam(), 1, 10, 2)) {
        const auto result = properties::run(scenario(), sim::search::seeded(seed));
        ASSERT_EQ(first_violation(result), "held") << "seed " << seed;
    }
}

TEST_P(Catalog, RunsTheSameTwiceAndAfterAnother) {
    for (const std::uint64_t seed : tests::sample(GetParam(), 101, 102, 1)) {
        const auto first = properties::run(scenario(), sim::search::seeded(seed));
        const auto other = properties::run(scenario(), sim::search::seeded(seed + 1000));
        const auto second = properties::run(scenario(), sim::search::seeded(seed));
        EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
        EXPECT_EQ(first.decisions, second.decisions);
        EXPECT_NE(first.hash, other.hash);
    }
}

TEST_P(Catalog, ReplaysFromItsRecordedTape) {
    sim::search::RunOptions recording;
    recording.record_tape = true;
    for (const std::uint64_t seed : tests::sample(GetParam(), 1, 2, 1)) {
        const auto recorded = properties::run(scenario(), sim::search::seeded(seed), recording);
        const auto replayed = properties::run(
            scenario(), std::make_unique<sim::RecordedSource>(recorded.deviations), recording);
        EXPECT_EQ(recorded.hash, replayed.hash) << "seed " << seed;
        EXPECT_EQ(recorded.deviations, replayed.deviations);
    }
}

// A name that means nothing would be a fault that never strikes, in silence.
TEST_P(Catalog, NamesFaultsThatItsBaselineRunDraws) {
    const auto profile = sim::search::calm_profile(tests::scenario(GetParam()));
    for (const std::string& name : scenario().faults) {
        EXPECT_TRUE(std::ranges::any_of(profile->lanes, [&](const auto& lane) {
            return lane.kind.fault && lane.draws > 0 && sim::matches_kind(name, lane.kind.name);
        })) << name;
    }
}

// Whether it does show that is asked by the test `own-races`.
TEST_P(Catalog, SaysWhatItShows) {
    EXPECT_FALSE(scenario().sometimes.empty());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Catalog, testing::ValuesIn([] {
                             std::vector<std::string> names;
                             for (const Scenario& scenario : catalog())
                                 names.push_back(scenario.name);
                             return names;
                         }()),
                         [](const testing::TestParamInfo<std::string>& info) {
                             std::string name = info.param;
                             for (char& c : name) c = c == '-' ? '_' : c;
                             return name;
                         });

// A term that nothing needs promises less than is kept.
TEST(Terms, AreEachNeeded) {
    for (const Scenario& scenario : catalog()) {
        for (std::size_t i = 0; i < scenario.terms.size(); ++i) {
            Scenario hurried = scenario;
            hurried.terms.erase(hurried.terms.begin() + static_cast<std::ptrdiff_t>(i));
            const auto result = properties::run(hurried, std::make_unique<sim::CalmSource>());
            EXPECT_TRUE(first_violation(result).starts_with("in-time"))
                << scenario.name << " needs no term for " << scenario.terms[i].kind;
        }
    }
}

TEST(Storm, MeetsEveryKindOfFaultWithinAFewSeeds) {
    std::set<std::string> missing = {
        "crash",         "pause",         "disk.error",        "disk.lost-write",
        "net.slow",      "net.duplicate", "net.lost-request",  "net.partition",
        "fly.mishap",    "fly.capacity",  "fly.lag",           "fly.eager-launch",
        "box.slow-boot", "box.unwell",    "fly.launch-failure"};
    for (std::uint64_t seed = 1; seed <= 40 && !missing.empty(); ++seed) {
        const auto result = properties::run(*find_scenario("storm"), sim::search::seeded(seed));
        for (const auto& [kind, count] : result.faults) missing.erase(kind);
    }
    EXPECT_EQ(missing, std::set<std::string>{});
}

}  // namespace
}  // namespace scenarios
