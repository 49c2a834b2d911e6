#include <gtest/gtest.h>

#include "reports/commands.hpp"
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
