#include "sim/world/tape.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "sim/world/seeded_source.hpp"

namespace sim {
namespace {

std::vector<std::uint64_t> draw_ten(Tape& tape, LaneId lane) {
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 10; ++i) drawn.push_back(tape.draw(lane, 1000));
    return drawn;
}

TEST(Tape, IsAllZerosWhenCalm) {
    Tape tape(std::make_unique<CalmSource>());
    const LaneId lane = tape.lane("schedule", choice("schedule"));
    EXPECT_EQ(draw_ten(tape, lane), std::vector<std::uint64_t>(10, 0));
    EXPECT_EQ(tape.decisions(), 10U);
    EXPECT_EQ(tape.deviation_count(), 0U);
}

TEST(Tape, GivesEachLaneAStreamOfItsOwn) {
    Tape alone(std::make_unique<SeededSource>(7));
    const auto expected = draw_ten(alone, alone.lane("b", choice("b")));

    Tape beside(std::make_unique<SeededSource>(7));
    const LaneId a = beside.lane("a", choice("a"));
    draw_ten(beside, a);
    const LaneId b = beside.lane("b", choice("b"));
    draw_ten(beside, a);
    EXPECT_EQ(draw_ten(beside, b), expected);
}

TEST(Tape, DrawsTheSameFromASeedOnEveryCompiler) {
    Tape tape(std::make_unique<SeededSource>(42));
    const LaneId lane = tape.lane("golden", choice("golden"));
    const std::vector<std::uint64_t> golden = {802, 55, 983, 690, 950, 945, 372, 886, 110, 169};
    EXPECT_EQ(draw_ten(tape, lane), golden);
}

TEST(Tape, ReplaysWhatItRecorded) {
    Tape recorded(std::make_unique<SeededSource>(3), Tape::Recording::on);
    const LaneId first = recorded.lane("one", choice("one"));
    const LaneId second = recorded.lane("two", fault("two", 1, 2));
    const auto ones = draw_ten(recorded, first);
    const auto twos = draw_ten(recorded, second);

    Tape replayed(std::make_unique<RecordedSource>(recorded.deviations()), Tape::Recording::on);
    // Lanes are found by name, whatever the order in which they are opened.
    const LaneId two = replayed.lane("two", fault("two", 1, 2));
    const LaneId one = replayed.lane("one", choice("one"));
    EXPECT_EQ(draw_ten(replayed, one), ones);
    EXPECT_EQ(draw_ten(replayed, two), twos);
    EXPECT_EQ(replayed.deviations(), recorded.deviations());
}

TEST(Tape, RecordsEveryDeviationAndNothingElse) {
    const std::vector<Deviation> given = {{"lane", 1, 5}, {"lane", 3, 2}};
    Tape tape(std::make_unique<RecordedSource>(given), Tape::Recording::on);
    const LaneId lane = tape.lane("lane", choice("lane"));
    for (int i = 0; i < 6; ++i) tape.draw(lane, 10);
    EXPECT_EQ(tape.deviations(), given);
    EXPECT_EQ(tape.deviation_count(), 2U);
}

TEST(Tape, CountsNoDecisionWhereThereIsNoChoice) {
    Tape tape(std::make_unique<SeededSource>(1));
    const LaneId lane = tape.lane("lane", choice("lane"));
    EXPECT_EQ(tape.draw(lane, 1), 0U);
    EXPECT_EQ(tape.draw(lane, 0), 0U);
    EXPECT_EQ(tape.decisions(), 0U);
}

TEST(Tape, KeepsAForeignValueWithinItsBound) {
    const std::vector<Deviation> given = {{"lane", 0, 999}};
    Tape tape(std::make_unique<RecordedSource>(given));
    EXPECT_EQ(tape.draw(tape.lane("lane", choice("lane")), 3), 2U);
}

TEST(Tape, MakesNoDecisionOfAFaultThatIsNotAllowed) {
    Tape tape(std::make_unique<RecordedSource>(
        std::vector<Deviation>{{"loss", 0, 1}, {"crash", 0, 1}, {"slow", 0, 1}}));
    const LaneId loss = tape.lane("loss", fault("net.loss", 1, 2));
    const LaneId crash = tape.lane("crash", fault("crash", 1, 2));
    tape.allow_faults({"net."});
    EXPECT_TRUE(tape.chance(loss));
    EXPECT_FALSE(tape.chance(crash));
    EXPECT_EQ(tape.decisions(), 1U);
    tape.calm_faults();
    EXPECT_FALSE(tape.chance(loss));
    // A lane that is opened later obeys too.
    EXPECT_FALSE(tape.chance(tape.lane("slow", fault("net.slow", 1, 2))));
    EXPECT_EQ(tape.fault_counts(), (std::map<std::string, std::uint64_t>{{"net.loss", 1}}));
    ASSERT_EQ(tape.struck().size(), 1U);
    EXPECT_EQ(tape.struck()[0].name, "net.loss");
}

TEST(SeededSource, DecidesForEachSeedWhichFaultsExist) {
    int without = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Tape tape(std::make_unique<SeededSource>(seed));
        const LaneId lane = tape.lane("loss", fault("net.loss", 1, 10));
        int struck = 0;
        for (int i = 0; i < 400; ++i) struck += tape.chance(lane) ? 1 : 0;
        without += struck == 0 ? 1 : 0;
    }
    EXPECT_GT(without, 40);
    EXPECT_LT(without, 120);
}

TEST(SeededSource, StrikesAboutAsOftenAsTheRateSays) {
    // Over all tempers: 6/16 never, 3/16 a quarter, 4/16 the rate, 3/16 four times the rate.
    int struck = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Tape tape(std::make_unique<SeededSource>(seed));
        const LaneId lane = tape.lane("loss", fault("net.loss", 1, 50));
        for (int i = 0; i < 100; ++i) struck += tape.chance(lane) ? 1 : 0;
    }
    // 40,000 draws at (3/16 / 4 + 4/16 + 3/16 * 4) / 50 = 0.0209 make about 840.
    EXPECT_GT(struck, 600);
    EXPECT_LT(struck, 1100);
}

TEST(SeededSource, ObeysItsSwitches) {
    const auto struck = [](SeededOptions options) {
        std::map<std::string, int> counts;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            Tape tape(std::make_unique<SeededSource>(seed, options));
            const LaneId loss = tape.lane("loss", fault("net.loss", 1, 10));
            const LaneId crash = tape.lane("crash", fault("crash", 1, 10));
            for (int i = 0; i < 100; ++i) {
                counts["loss"] += tape.chance(loss) ? 1 : 0;
                counts["crash"] += tape.chance(crash) ? 1 : 0;
            }
        }
        return counts;
    };
    auto only = struck({true, {{"net."}, {}, 1}});
    EXPECT_GT(only["loss"], 100);
    EXPECT_EQ(only["crash"], 0);
    auto without = struck({true, {{}, {"net."}, 1}});
    EXPECT_EQ(without["loss"], 0);
    EXPECT_GT(without["crash"], 100);
    EXPECT_GT(struck({false, {{}, {}, 4}})["loss"], 3 * struck({false, {{}, {}, 1}})["loss"]);
    EXPECT_EQ(struck({false, {{}, {}, 0}})["loss"], 0);
}

TEST(Alternatives, AreTheNamedOnesOrEveryOneOrTheLast) {
    static constexpr std::uint64_t kWorth[] = {3, 39, 99};
    using Values = std::vector<std::uint64_t>;
    EXPECT_EQ(alternatives(choice("c", nullptr, kWorth), 40), (Values{3, 39}));
    EXPECT_EQ(alternatives(choice("c"), 4), (Values{1, 2, 3}));
    EXPECT_EQ(alternatives(choice("c"), 1000), (Values{999}));
}

TEST(TaskChoice, NumbersTheLineFromTheOneThatGoesOn) {
    const FlowId flows[] = {FlowId{1}, FlowId{2}, FlowId{3}, FlowId{4}};
    const TaskChoice choice{flows, 2};
    const std::size_t places[] = {2, 0, 1, 3};
    for (std::uint64_t value = 0; value < 4; ++value) {
        EXPECT_EQ(choice.place_of(value), places[value]);
        EXPECT_EQ(choice.value_of(places[value]), value);
    }
}

}  // namespace
}  // namespace sim
