#include <functional>

#include "tests/support/outbox_fixture.hpp"

// How long a worker has an event in hand, and what becomes of what is asked of it meanwhile.
namespace lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(OutboxTest, LeasesForTheWholeTimeHoweverLongItWaitedForItsTurn) {
    start(std::bind_front(log_and_finish, &log));
    at.world.run_until(at.world.now() + seconds(1));
    int pauses = 0;
    for (;; ++pauses) {
        const std::string event = "event-" + std::to_string(pauses);
        add(event, event);
        for (int step = 0; step < pauses; ++step) at.world.step(at.world.now());
        if (column("lease_epoch", event) != "0") break;
        at.process.pause();
        at.world.run_until(at.world.now() + minutes(1));
        at.process.resume();
        while (column("lease_epoch", event) == "0") {
            ASSERT_TRUE(at.world.step(at.world.now() + hours(1)));
        }
        EXPECT_GE(std::stoll(column("available_at", event)),
                  count_of(at.clock.now() + options().lease))
            << "stood still after " << pauses << " steps";
        at.world.run_until(at.world.now() + minutes(1));
    }
    EXPECT_GT(pauses, 2);
}

TEST_F(OutboxTest, LeavesASlotToWhoeverElseHasAShare) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, seconds(10), std::move(delivery));
    });
    lane.share = "alpha";
    for (const char* event : {"a", "b", "c"}) add(event, event);
    lane.share = "beta";
    add("d", "d");
    at.world.run_until(seconds(5));
    EXPECT_EQ(log, "a( d( ");
    at.world.run_until(minutes(1));
    EXPECT_EQ(column("state", "c"), "done");
}

TEST_F(OutboxTest, BringsAWaitingEventForward) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    add("k", "a", hours(4));
    at.world.run_until(minutes(1));
    auto body = [&](Tx& tx) -> Result<bool> {
        bring_forward(tx, "a", at.clock.now());
        return true;
    };
    ASSERT_TRUE(store->transact_now(body));
    outbox.wake();
    at.world.run_until(minutes(2));
    EXPECT_EQ(log, "a ");
}

boost::asio::awaitable<Outcome> work_then_wait(std::string* log, Clock* clock, Delivery delivery) {
    *log += delivery.event().machine + "( ";
    co_await idle_for(clock, seconds(10));
    *log += delivery.event().machine + ") ";
    co_return Later{"not yet", hours(4)};
}

TEST_F(OutboxTest, HastensWhatIsInHandWhenItIsSettled) {
    start(
        [this](Delivery delivery) { return work_then_wait(&log, &at.clock, std::move(delivery)); });
    add("k", "a");
    at.world.run_until(seconds(5));
    auto hasten = [&](Tx& tx) -> Result<bool> {
        bring_forward(tx, "a", at.clock.now());
        return true;
    };
    ASSERT_TRUE(store->transact_now(hasten));
    at.world.run_until(minutes(10));
    EXPECT_EQ(log, "a( a) a( a) ") << "what was found out before is no answer to who came later";
}

TEST_F(OutboxTest, DoesAgainWhatWasAskedForAgainWhileItWasInHand) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, seconds(10), std::move(delivery));
    });
    add("k", "a");
    at.world.run_until(seconds(5));
    auto again = [&](Tx& tx) -> Result<bool> {
        rearm(tx, "a", Duration(0), at.clock.now());
        return true;
    };
    ASSERT_TRUE(store->transact_now(again));
    at.world.run_until(minutes(10));
    EXPECT_EQ(log, "a( a) a( a) ");
}

TEST_F(OutboxTest, FencesTheWritesOfAStaleOwner) {
    // The lease goes to somebody else while the consumer works: its write and its outcome are void.
    Error seen(ErrorCode::bad_request, "", "");
    auto steal = [&](Tx& tx) -> Result<bool> {
        tx.run(
            "UPDATE outbox_event SET lease_epoch = lease_epoch + 1, lease_owner = 'other',"
            " available_at = ? WHERE dedupe_key = 'a'",
            {(at.clock.now() + hours(5)).time_since_epoch().count()});
        return true;
    };
    struct Thief {
        static boost::asio::awaitable<Outcome> consume(Store* store, decltype(steal)* theft,
                                                       Error* error, Delivery delivery) {
            static_cast<void>(store->transact_now(*theft));
            auto write = [](Tx& tx) -> Result<bool> {
                tx.run("UPDATE outbox_event SET kind = 'overwritten'");
                return true;
            };
            const auto written = co_await delivery.transact(write);
            if (!written) *error = written.error();
            co_return Done{"not mine to say", {}};
        }
    };
    start([&](Delivery delivery) {
        return Thief::consume(store.get(), &steal, &seen, std::move(delivery));
    });
    add("k", "a");
    at.world.run_until(hours(1));
    EXPECT_EQ(seen.code, ErrorCode::stale_lease);
    EXPECT_EQ(column("kind", "a"), "test");
    EXPECT_EQ(column("state", "a"), "pending");
    EXPECT_EQ(column("lease_owner", "a"), "other");
}

}  // namespace
}  // namespace lifecycle
