#include "sim/search/strategy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/support/lost_update.hpp"

namespace sim::search {
namespace {

struct Shares {
    double ordered = 0;
    double lost = 0;
    double alternated = 0;
};

// How often schedules of that strategy met each of the race's orders.
Shares shares(const char* strategy, int steps, int schedules) {
    tests::LostUpdate race(steps);
    Recorder calm;
    race.run(std::make_unique<CalmSource>(), &calm);
    const SearchPlan plan{
        *parse_strategy(strategy), {}, std::make_shared<Profile>(profile_of(calm))};
    Shares found;
    for (int seed = 0; seed < schedules; ++seed) {
        const tests::RaceOutcome outcome =
            race.run(make_source(plan, static_cast<std::uint64_t>(seed)));
        found.ordered += outcome.ordered ? 1.0 / schedules : 0;
        found.lost += outcome.lost ? 1.0 / schedules : 0;
        found.alternated += outcome.alternated ? 1.0 / schedules : 0;
    }
    return found;
}

// Four standard deviations below a probability, for that many trials.
double surely(double probability, int trials) {
    return probability - 4 * std::sqrt(probability * (1 - probability) / trials);
}

// 1 / (n * k^(d-1)) for two clients of `steps` steps each.
double bound(int steps, int depth) {
    return 1.0 / (2 * std::pow(2 * steps, depth - 1));
}

TEST(Strategy, PctMeetsItsBoundAtEachDepth) {
    constexpr int kSchedules = 40'000;
    for (const int steps : {10, 20}) {
        EXPECT_GE(shares("pct:1", steps, kSchedules).ordered, surely(bound(steps, 1), kSchedules));
        EXPECT_GE(shares("pct:2", steps, kSchedules).lost, surely(bound(steps, 2), kSchedules));
        EXPECT_GE(shares("pct:3", steps, kSchedules).alternated,
                  surely(bound(steps, 3), kSchedules));
    }
}

TEST(Strategy, RandomMeetsTheShallowWindowAndNothingElse) {
    const Shares random = shares("random", 20, 20'000);
    EXPECT_NEAR(random.lost, 0.17, 0.02);
    EXPECT_EQ(random.ordered, 0);
    EXPECT_EQ(random.alternated, 0);
}

TEST(Strategy, UrwIsNearUniformOverInterleavings) {
    // Of the C(8,4) = 70 interleavings of two times four steps, how often each is drawn.
    tests::LostUpdate race(4);
    Recorder calm;
    race.run(std::make_unique<CalmSource>(), &calm);
    const SearchPlan plan{*parse_strategy("urw"), {}, std::make_shared<Profile>(profile_of(calm))};
    constexpr int kSchedules = 70'000;
    int ordered = 0;
    for (int seed = 0; seed < kSchedules; ++seed) {
        if (race.run(make_source(plan, static_cast<std::uint64_t>(seed))).ordered) ++ordered;
    }
    EXPECT_NEAR(ordered / 1000.0, 1.0, 0.3) << "one in seventy";
}

TEST(Strategy, FifoAndDelayStayNearTheCalmRun) {
    const Shares fifo = shares("fifo", 20, 100);
    EXPECT_EQ(fifo.lost, 0);
    EXPECT_EQ(fifo.ordered, 0);
    EXPECT_GT(shares("delay:1", 20, 2000).lost, 0.02);
}

TEST(Strategy, IsAFunctionOfItsSeed) {
    for (const std::string_view name : strategy_names()) {
        const SearchPlan plan{*parse_strategy(name), {}, nullptr};
        const auto draws = [&](std::uint64_t seed) {
            Tape tape(make_source(plan, seed), Tape::Recording::on);
            const LaneId lane = tape.lane("lane", choice("lane"));
            const LaneId loss = tape.lane("loss", fault("loss", 1, 3));
            const FlowId flows[] = {FlowId{1}, FlowId{2}, FlowId{3}};
            for (int i = 0; i < 50; ++i) {
                tape.draw(lane, 10);
                tape.chance(loss);
                tape.draw_task(lane, {flows, 0});
            }
            return tape.deviations();
        };
        EXPECT_EQ(draws(5), draws(5)) << name;
        EXPECT_NE(draws(5), draws(6)) << name;
    }
}

TEST(Strategy, FewDeviationsAreSpreadOverKinds) {
    Profile profile;
    profile.lanes = {{"busy", choice("busy"), 10'000, 4}, {"rare", fault("rare", 1, 9), 2, 2}};
    int rare = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        for (const Deviation& deviation : few_deviations(profile, {}, seed, 1)) {
            rare += deviation.lane == "rare" ? 1 : 0;
            EXPECT_GT(deviation.value, 0U);
        }
    }
    EXPECT_NEAR(rare, 200, 60);
    EXPECT_TRUE(few_deviations(profile, {{"net."}, {}, 1}, 1, 3).size() == 3) << "choices remain";
}

}  // namespace
}  // namespace sim::search
