#include "system/providers/availability.hpp"

#include <gtest/gtest.h>

namespace lifecycle {
namespace {

using std::chrono::seconds;

SteadyTime at(int second) {
    return SteadyTime(seconds(second));
}

TEST(Availability, ThreeFailuresInARowAreAnOutageFromTheFirstOn) {
    Availability one;
    EXPECT_FALSE(one.out_of_reach_since());
    EXPECT_FALSE(one.answered_at());
    one.note_failure("refused", at(10));
    one.note_failure("refused", at(20));
    EXPECT_FALSE(one.out_of_reach_since());
    one.note_failure("timed out", at(30));
    EXPECT_EQ(one.out_of_reach_since(), at(10));
    EXPECT_EQ(one.last_failure(), "timed out");
    one.note_failure("timed out", at(40));
    EXPECT_EQ(one.out_of_reach_since(), at(10));
}

TEST(Availability, OneAnswerEndsAnOutageAndTheCount) {
    Availability one;
    for (int i = 0; i < 5; ++i) one.note_failure("refused", at(i));
    one.note_answer(at(50));
    EXPECT_FALSE(one.out_of_reach_since());
    EXPECT_EQ(one.answered_at(), at(50));
    one.note_failure("refused", at(60));
    one.note_failure("refused", at(70));
    EXPECT_FALSE(one.out_of_reach_since());
    one.note_failure("refused", at(80));
    EXPECT_EQ(one.out_of_reach_since(), at(60));
}

}  // namespace
}  // namespace lifecycle
