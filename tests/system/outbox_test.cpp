#include "system/outbox/outbox.hpp"

#include <gtest/gtest.h>

#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// An outbox whose consumer of "test" logs what it does.
class OutboxTest : public testing::Test {
  protected:
    OutboxTest()
        : store(at.open_store()),
          tasks(at.process.executor(),
                [](std::exception_ptr failure) { std::rethrow_exception(failure); }),
          outbox(*store, at.ports(), tasks, options()) {}

    static OutboxOptions options() {
        OutboxOptions chosen;
        chosen.concurrency = 4;
        return chosen;
    }

    void add(const std::string& key, const std::string& dedupe, Duration delay = seconds(0)) {
        auto body = [&](Tx& tx) -> Result<bool> {
            return enqueue(tx, {"test", key, dedupe, dedupe, at.clock.now() + delay},
                           at.clock.now());
        };
        added = *store->transact_now(body);
        outbox.wake();
    }

    void start(std::function<boost::asio::awaitable<Outcome>(Delivery)> consume,
               std::int64_t max_attempts = 8) {
        Consumer consumer;
        consumer.consume = std::move(consume);
        consumer.on_dead = [this](Tx&, const Event& event, std::string_view reason) {
            log += "dead:" + event.machine + " ";
            last_reason = reason;
        };
        consumer.max_attempts = max_attempts;
        outbox.add("test", std::move(consumer));
        tasks.spawn(outbox.run());
    }

    std::string column(const std::string& name, const std::string& dedupe) {
        std::string text;
        auto body = [&](Tx& tx) -> Result<bool> {
            text = tx.first("SELECT " + name + " FROM outbox_event WHERE dedupe_key = ?", {dedupe},
                            [](const Row& row) { return row.text(0); })
                       .value();
            return true;
        };
        static_cast<void>(store->transact_now(body));
        return text;
    }

    tests::SimFixture at;
    std::unique_ptr<Store> store;
    TaskGroup tasks;
    Outbox outbox;
    std::string log;
    std::string last_reason;
    bool added = false;
};

boost::asio::awaitable<Outcome> log_and_finish(std::string* log, Delivery delivery) {
    *log += delivery.event().machine + " ";
    co_return Done{"logged", {}};
}

boost::asio::awaitable<void> pass(Clock* clock, Duration duration) {
    Signal signal(*clock);
    const bool raised = co_await signal.wait_until(clock->now() + duration);
    static_cast<void>(raised);
}

boost::asio::awaitable<Outcome> work_for(std::string* log, Clock* clock, Duration duration,
                                         Delivery delivery) {
    *log += delivery.event().machine + "( ";
    co_await pass(clock, duration);
    *log += delivery.event().machine + ") ";
    co_return Done{"worked", {}};
}

boost::asio::awaitable<Outcome> fail(std::string* log, Delivery delivery) {
    *log += delivery.event().machine + " ";
    co_return Retry{"it does not work"};
}

TEST_F(OutboxTest, HandlesADueEventOnce) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    add("k", "a");
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a ");
    EXPECT_EQ(column("state", "a"), "done");
    EXPECT_EQ(column("outcome", "a"), "logged");
}

TEST_F(OutboxTest, AcceptsADedupeKeyOnce) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    add("k", "a");
    EXPECT_TRUE(added);
    add("k", "a");
    EXPECT_FALSE(added);
    at.world.run_until(hours(1));
    add("k", "a");
    EXPECT_FALSE(added) << "also after it is done";
    at.world.run_until(hours(2));
    EXPECT_EQ(log, "a ");
}

TEST_F(OutboxTest, WaitsUntilAnEventIsDue) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    add("k", "a", minutes(10));
    at.world.run_until(minutes(9));
    EXPECT_EQ(log, "");
    at.world.run_until(minutes(11));
    EXPECT_EQ(log, "a ");
}

TEST_F(OutboxTest, HandlesOneKeyInOrderAndManyKeysAtATime) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, seconds(10), std::move(delivery));
    });
    add("k", "a");
    add("k", "b");
    add("l", "c");
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a( c( a) c) b( b) ") << "b waits for a, c does not";
}

TEST_F(OutboxTest, FindsAnEventThatNobodyAnnounced) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    at.world.run_until(minutes(1));
    auto body = [&](Tx& tx) -> Result<bool> {
        return enqueue(tx, {"test", "k", "a", "a", at.clock.now()}, at.clock.now());
    };
    ASSERT_TRUE(store->transact_now(body));
    at.world.run_until(minutes(2));
    EXPECT_EQ(log, "a ");
}

TEST_F(OutboxTest, RenewsTheLeaseOfASlowConsumer) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, minutes(10), std::move(delivery));
    });
    add("k", "a");
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a( a) ") << "never taken twice";
    EXPECT_EQ(column("deliveries", "a"), "1");
}

TEST_F(OutboxTest, BacksOffAndBuriesWhatKeepsFailing) {
    start([this](Delivery delivery) { return fail(&log, std::move(delivery)); }, 4);
    add("k", "a");
    at.world.run_until(seconds(4));
    EXPECT_EQ(log, "a a a ") << "after 0, 1 and 3 seconds";
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a a a a dead:a ");
    EXPECT_EQ(column("state", "a"), "dead");
    EXPECT_EQ(last_reason, "failed 4 times, last: it does not work");
}

TEST_F(OutboxTest, LetsTheNextEventOfAKeyRunWhenOneIsBuried) {
    start([this](Delivery delivery) { return fail(&log, std::move(delivery)); }, 1);
    add("k", "a");
    add("k", "b");
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a dead:a b dead:b ");
}

TEST_F(OutboxTest, BuriesAnEventThatNoConsumerHandles) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    auto body = [&](Tx& tx) -> Result<bool> {
        return enqueue(tx, {"unheard-of", "k", "a", "a", at.clock.now()}, at.clock.now());
    };
    ASSERT_TRUE(store->transact_now(body));
    outbox.wake();
    at.world.run_until(minutes(1));
    EXPECT_EQ(column("state", "a"), "dead");
    EXPECT_EQ(column("outcome", "a"), "no consumer handles unheard-of");
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

TEST_F(OutboxTest, CommitsTheEffectWithTheOutcome) {
    struct WithEffect {
        static boost::asio::awaitable<Outcome> consume(Delivery) {
            co_return Done{"done", [](Tx& tx) {
                               enqueue(tx, {"test", "k2", "b", "b", Time() + hours(1)}, Time());
                           }};
        }
    };
    start([](Delivery delivery) { return WithEffect::consume(std::move(delivery)); });
    add("k", "a");
    at.world.run_until(seconds(1));
    EXPECT_EQ(column("state", "b"), "done") << "the effect of a made b, which was due long ago";
}

TEST_F(OutboxTest, StopsWhenWhatIsInHandHasEnded) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, seconds(20), std::move(delivery));
    });
    add("k", "a");
    at.world.run_until(seconds(5));
    add("k", "b");
    outbox.stop();
    bool idle = false;
    tasks.on_idle([&] { idle = true; });
    at.world.run_until(seconds(15));
    EXPECT_FALSE(idle);
    at.world.run_until(minutes(5));
    EXPECT_TRUE(idle);
    EXPECT_EQ(log, "a( a) ");
    EXPECT_EQ(column("state", "a"), "done");
    EXPECT_EQ(column("state", "b"), "pending");
}

}  // namespace
}  // namespace lifecycle
