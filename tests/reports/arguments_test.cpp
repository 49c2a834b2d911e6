#include <gtest/gtest.h>

#include "reports/input.hpp"
#include "reports/text.hpp"

namespace reports {
namespace {

TEST(Arguments, ReadRangesOfSeeds) {
    EXPECT_EQ(parse_seeds("7")->first, 7U);
    EXPECT_EQ(parse_seeds("7")->last, 7U);
    EXPECT_EQ(parse_seeds("1..5000")->last, 5000U);
    for (const char* bad : {"", "..", "1..", "..5", "5..1", "1...5", "a..b", "1..5x", "-1..5",
                            "1..99999999999999", "99999999999999999999", "1 ..5"}) {
        EXPECT_FALSE(parse_seeds(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadDurations) {
    EXPECT_EQ(*parse_duration("45"), 45);
    EXPECT_EQ(*parse_duration("60s"), 60);
    EXPECT_EQ(*parse_duration("5m"), 300);
    EXPECT_EQ(*parse_duration("1h"), 3600);
    for (const char* bad : {"", "s", "0s", "-1s", "1d", "1.5m", "ten"}) {
        EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadShards) {
    EXPECT_EQ(parse_shard("")->count, 1U);
    EXPECT_EQ(parse_shard("3/8")->index, 2U);
    EXPECT_EQ(parse_shard("3/8")->count, 8U);
    for (const char* bad : {"0/8", "9/8", "3", "/8", "3/", "a/b", "1/0", "-1/3", "1/8x"}) {
        EXPECT_FALSE(parse_shard(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadStrategies) {
    EXPECT_EQ(sim::to_string(*parse_strategy("mix")), "mix");
    EXPECT_EQ(sim::to_string(*parse_strategy("pct:3")), "pct:3");
    for (const char* bad : {"", "pc", "pct:", "pct:0", "pct:x", "pct:101", "fifo:2", "mix:1"}) {
        EXPECT_FALSE(parse_strategy(bad).has_value()) << bad;
    }
}

TEST(Arguments, KnowTheFaultsThatThereAre) {
    EXPECT_TRUE(known_faults({"net.", "crash", "clock.jump"}).has_value());
    EXPECT_FALSE(known_faults({"nett."}).has_value());
    for (const char* kind : {"box.slow-boot",
                             "box.unwell",
                             "clock.drift",
                             "clock.jump",
                             "crash",
                             "disk.bit-flip",
                             "disk.error",
                             "disk.full",
                             "disk.lost-write",
                             "disk.torn-write",
                             "fly.capacity",
                             "fly.eager-launch",
                             "fly.lag",
                             "fly.launch-failure",
                             "fly.mishap",
                             "net.duplicate",
                             "net.late",
                             "net.lost-answer",
                             "net.lost-request",
                             "net.one-way-partition",
                             "net.partition",
                             "net.reorder",
                             "net.slow",
                             "net.slow-link",
                             "pause"}) {
        EXPECT_TRUE(fault_kinds().contains(kind)) << kind;
    }
    for (const auto& [name, kind] : fault_kinds()) EXPECT_NE(kind.words, nullptr) << name;
}

TEST(Text, FindsTheFirstDifferenceOfTwoRuns) {
    const auto kept = [](std::int64_t value) {
        const sim::Field fields[] = {{"value", value}};
        return sim::KeptEvent({sim::VirtualTime(1), 1, 1, "p", "t", fields});
    };
    const std::vector<sim::KeptEvent> one = {kept(1), kept(2), kept(3)};
    const std::vector<sim::KeptEvent> two = {kept(1), kept(9), kept(3)};
    EXPECT_EQ(first_difference(one, one), "");
    const std::string difference = first_difference(one, two);
    EXPECT_NE(difference.find("from event 1 on"), std::string::npos) << difference;
    EXPECT_NE(difference.find("\"value\":9"), std::string::npos) << difference;
    EXPECT_NE(first_difference(one, {kept(1)}), "");
}

}  // namespace
}  // namespace reports
