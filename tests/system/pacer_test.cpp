#include "system/providers/pacer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <string>
#include <vector>

#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class PacerTest : public testing::Test {
  protected:
    PacerTest() : pacer(at.clock) {}

    // When each of some calls that are made at once may be sent, in seconds.
    std::vector<std::int64_t> turns(int calls, const std::string& id) {
        std::vector<std::int64_t> sent;
        const auto begin = at.world.now();
        for (int i = 0; i < calls; ++i) {
            boost::asio::co_spawn(at.process.executor(),
                                  pacer.turn(CallClass::person, "create", id, 1, 3),
                                  [&](std::exception_ptr, std::expected<void, Duration> turn) {
                                      if (!turn) return;
                                      sent.push_back((at.world.now() - begin).count() / 1'000'000);
                                  });
        }
        at.world.run_until(at.world.now() + minutes(5));
        return sent;
    }

    // Many calls of one class for one bucket, all at once: how each ends is appended to `ended`.
    void crowd(CallClass call_class, int calls, std::vector<std::string>* ended,
               const std::string& name) {
        for (int i = 0; i < calls; ++i) {
            boost::asio::co_spawn(at.process.executor(), pacer.turn(call_class, "get", "a", 5, 10),
                                  [=](std::exception_ptr, std::expected<void, Duration> turn) {
                                      ended->push_back(turn ? name : name + " refused");
                                  });
        }
    }

    tests::SimFixture at;
    Pacer pacer;
};

TEST_F(PacerTest, LetsABurstThroughAndThenOneASecond) {
    EXPECT_EQ(turns(6, "a"), (std::vector<std::int64_t>{0, 0, 0, 1, 2, 3}));
}

TEST_F(PacerTest, KeepsIdentifiersApart) {
    EXPECT_EQ(turns(4, "a"), (std::vector<std::int64_t>{0, 0, 0, 1}));
    EXPECT_EQ(turns(4, "b"), (std::vector<std::int64_t>{0, 0, 0, 1}));
}

TEST_F(PacerTest, IsNotHeldUpByAClockThatWasSetBack) {
    at.process.jump_clock(minutes(30));
    static_cast<void>(turns(6, "a"));
    at.process.jump_clock(minutes(-40));
    EXPECT_EQ(turns(1, "a"), (std::vector<std::int64_t>{0}));
}

TEST_F(PacerTest, RefusesAtOnceWhatWouldWaitBehindTooMany) {
    std::vector<std::string> ended;
    crowd(CallClass::person, 500, &ended, "person");
    at.world.run_until(at.world.now() + seconds(1));
    const auto refused = std::ranges::count(ended, "person refused");
    EXPECT_EQ(refused, 500 - 10 - static_cast<int>(Pacer::kMaxWaiting));
    // Those that wait have their turns, and no more than these.
    at.world.run_until(at.world.now() + minutes(5));
    EXPECT_EQ(ended.size(), 500U);
}

TEST_F(PacerTest, LetsNoCrowdOfOneClassStarveAnother) {
    for (const CallClass crowded :
         {CallClass::person, CallClass::healing, CallClass::provisioning, CallClass::sweeping}) {
        std::vector<std::string> ended;
        crowd(crowded, 60, &ended, "crowd");
        at.world.run_until(at.world.now() + seconds(1));
        const CallClass other =
            crowded == CallClass::healing ? CallClass::person : CallClass::healing;
        crowd(other, 3, &ended, "other");
        at.world.run_until(at.world.now() + seconds(3));
        EXPECT_EQ(std::ranges::count(ended, "other"), 3)
            << "class " << static_cast<int>(crowded) << " starves another";
        at.world.run_until(at.world.now() + minutes(2));
        EXPECT_EQ(ended.size(), 63U);
    }
}

TEST_F(PacerTest, GivesSweepsTheLeast) {
    std::vector<std::string> ended;
    crowd(CallClass::sweeping, 60, &ended, "sweep");
    crowd(CallClass::provisioning, 60, &ended, "work");
    at.world.run_until(at.world.now() + seconds(6));
    EXPECT_GT(std::ranges::count(ended, "work"), 2 * (std::ranges::count(ended, "sweep") - 10));
}

}  // namespace
}  // namespace lifecycle
