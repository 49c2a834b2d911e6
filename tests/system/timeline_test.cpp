#include "system/store/timeline.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A clock that says what the test wants.
class SetClock final : public Clock {
  public:
    Time wall() const override { return wall_now; }
    SteadyTime steady() const override { return SteadyTime(steady_now); }
    std::string origin() const override { return started; }
    TimerId schedule(Time, std::move_only_function<void()>) override { return {}; }
    void expedite(TimerId) override {}

    void pass(Duration time) {
        wall_now += time;
        steady_now += time;
    }

    Time wall_now{hours(500'000)};
    Duration steady_now{hours(3)};
    std::string started = "first start";
};

class TimelineTest : public testing::Test {
  protected:
    TimelineTest() : store(at.open_store()) { live(); }
    // The process ends and starts again.
    void live() { timeline.emplace(*store, clock, at.telemetry); }

    tests::SimFixture at;
    std::unique_ptr<Store> store;
    SetClock clock;
    std::optional<Timeline> timeline;
};

TEST_F(TimelineTest, BeginsWithTheWallClock) {
    EXPECT_EQ(timeline->now(), clock.wall_now);
}

TEST_F(TimelineTest, GoesOnWhateverTheWallClockIsSetTo) {
    const Time begin = timeline->now();
    clock.wall_now -= hours(1);
    clock.pass(minutes(5));
    EXPECT_EQ(timeline->now(), begin + minutes(5));
    clock.wall_now += hours(48);
    clock.pass(minutes(5));
    EXPECT_EQ(timeline->now(), begin + minutes(10));
}

TEST_F(TimelineTest, TellsPeopleTimesByTheWallClockThatTheyHave) {
    const Time begin = timeline->now();
    clock.wall_now -= hours(1);
    clock.pass(minutes(5));
    EXPECT_EQ(timeline->shown(begin), clock.wall_now - minutes(5));
    EXPECT_EQ(timeline->shown(timeline->now()), clock.wall_now);
}

TEST_F(TimelineTest, GoesOnExactlyInALaterLifeOnTheSameStartOfTheHost) {
    const Time begin = timeline->now();
    clock.pass(minutes(3));
    clock.wall_now += hours(2);
    clock.pass(minutes(4));
    live();
    EXPECT_EQ(timeline->now(), begin + minutes(7)) << "though nobody wrote down that it was set";
}

TEST_F(TimelineTest, IsTheSameForTwoThatStartAtDifferentTimes) {
    clock.wall_now += hours(2);
    clock.pass(minutes(4));
    Timeline other(*store, clock, at.telemetry);
    clock.pass(seconds(1));
    EXPECT_EQ(timeline->now(), other.now());
}

TEST_F(TimelineTest, AsksTheWallClockHowLongTheHostWasDown) {
    const Time begin = timeline->now();
    clock.steady_now = seconds(20);
    clock.started = "second start";
    clock.wall_now += minutes(9);
    live();
    EXPECT_EQ(timeline->now(), begin + minutes(9));
}

TEST_F(TimelineTest, NeverRunsBack) {
    const Time begin = timeline->now();
    clock.steady_now = seconds(20);
    clock.started = "second start";
    clock.wall_now -= hours(1);
    live();
    EXPECT_EQ(timeline->now(), begin);
    clock.pass(minutes(1));
    EXPECT_EQ(timeline->now(), begin + minutes(1)) << "and does not wait for the wall clock";
}

TEST_F(TimelineTest, TrustsNoReadingOfAClockThatHasNoName) {
    const Time begin = timeline->now();
    clock.started = "";
    live();
    clock.steady_now = seconds(5);
    live();
    EXPECT_EQ(timeline->now(), begin);
}

}  // namespace
}  // namespace lifecycle
