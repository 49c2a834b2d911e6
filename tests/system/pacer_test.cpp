#include "system/providers/pacer.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
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
            boost::asio::co_spawn(at.process.executor(), pacer.turn("create", id, 1, 3),
                                  [&](std::exception_ptr) {
                                      sent.push_back((at.world.now() - begin).count() / 1'000'000);
                                  });
        }
        at.world.run_until(at.world.now() + minutes(5));
        return sent;
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

}  // namespace
}  // namespace lifecycle
