#include "system/outbox/outbox.hpp"

#include "system/outbox/outbox_step.hpp"
#include "tests/support/outbox_fixture.hpp"

namespace lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

boost::asio::awaitable<Outcome> fail(std::string* log, Delivery delivery) {
    *log += delivery.event().machine + " ";
    co_return Retry{"it does not work"};
}

boost::asio::awaitable<Outcome> give_up() {
    co_return GiveUp{"it cannot be"};
}

TEST(OutboxStep, IsFoundAgainByWhatItIsToldAs) {
    int steps = 0;
    for (; to_text(static_cast<OutboxStep>(steps)) != "unknown"; ++steps) {
        const auto step = static_cast<OutboxStep>(steps);
        EXPECT_EQ(parse_outbox_step(to_text(step)), step) << to_text(step);
    }
    EXPECT_GE(steps, 6);
    EXPECT_FALSE(parse_outbox_step("outbox.").has_value());
    EXPECT_FALSE(parse_outbox_step("bug.contained").has_value());
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

TEST_F(OutboxTest, HandlesWhatWaitsForOneWhileAnotherDoesNotAnswer) {
    start([this](Delivery delivery) {
        return work_for(&log, &at.clock, seconds(10), std::move(delivery));
    });
    add("k", "a");
    add("l", "b");
    add("m", "c");
    lane = {"docker", Work::make};
    add("n", "d");
    lane = {"fly", Work::end};
    add("o", "e");
    at.world.run_until(seconds(5));
    EXPECT_EQ(log, "a( b( d( e( ") << "c waits for a slot of its lane, and nobody else does";
    at.world.run_until(minutes(1));
    EXPECT_TRUE(log.ends_with("c( c) ")) << log;
}

TEST_F(OutboxTest, FindsAnEventThatNobodyAnnounced) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    at.world.run_until(minutes(1));
    auto body = [&](Tx& tx) -> Result<bool> {
        return enqueue(tx, {kTest, "a", "k", "a", "a", {"fly", Work::make}, at.clock.now()},
                       at.clock.now());
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

TEST_F(OutboxTest, BacksOffAndBuriesWhatKeepsFailingWhenItsTimeIsUp) {
    start([this](Delivery delivery) { return fail(&log, std::move(delivery)); },
          Within{seconds(6)});
    add("k", "a");
    at.world.run_until(seconds(4));
    EXPECT_EQ(log, "a a a ") << "after 0, 1 and 3 seconds";
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a a a a dead:a ");
    EXPECT_EQ(column("state", "a"), "dead");
    EXPECT_EQ(column("died_of", "a"), "patience");
    EXPECT_EQ(last_reason, "not done 0 minutes after it was asked for, last: it does not work");
}

TEST_F(OutboxTest, LetsTheNextEventOfAKeyRunWhenOneIsBuried) {
    start([this](Delivery delivery) { return fail(&log, std::move(delivery)); },
          Within{seconds(0)});
    add("k", "a");
    add("k", "b");
    at.world.run_until(hours(1));
    EXPECT_EQ(log, "a dead:a b dead:b ");
}

boost::asio::awaitable<Outcome> wait_for_it(int* rounds, int enough, Delivery) {
    if (++*rounds == enough) co_return Done{"it came about", {}};
    co_return Later{"not yet", seconds(30)};
}

TEST_F(OutboxTest, WaitsThroughAnyNumberOfLooks) {
    int looks = 0;
    start([&](Delivery delivery) { return wait_for_it(&looks, 2000, std::move(delivery)); });
    add("k", "a");
    at.world.run_until(hours(17));
    EXPECT_EQ(looks, 2000);
    EXPECT_EQ(column("state", "a"), "done");
}

// Takes the event as a worker does that dies of it, until that cannot be done before `end`.
int take_until(Store& store, Time begin, Time end, Time* last) {
    int taken = 0;
    for (Time now = begin; now <= end; now += seconds(10)) {
        auto take = [&](Tx& tx) -> Result<bool> {
            return claim_event(tx, "worker", now, seconds(30), InHand(1, 1)).event.has_value();
        };
        if (!*store.transact_now(take)) continue;
        ++taken;
        *last = now;
    }
    return taken;
}

TEST_F(OutboxTest, ComesBackEverMoreRarelyToWhatKillsItsWorkers) {
    add("k", "a");
    Time last;
    const Time begin = at.clock.now();
    EXPECT_EQ(take_until(*store, begin, begin + minutes(5), &last), 5) << "at 0, 30, 60, 120, 240";
    EXPECT_LE(take_until(*store, last, last + hours(10), &last), 15);
    EXPECT_EQ(take_until(*store, last + seconds(10), last + minutes(61), &last), 1)
        << "but at least every hour";
}

TEST_F(OutboxTest, BuriesWhatKillsItsWorkersUnlessItHasToComeAbout) {
    add("k", "a");
    add("l", "b");
    auto kill = [&](Tx& tx) -> Result<bool> {
        tx.run("UPDATE outbox_event SET unsettled = 20 WHERE dedupe_key = 'a'");
        tx.run("UPDATE outbox_event SET unsettled = 19 WHERE dedupe_key = 'b'");
        return true;
    };
    ASSERT_TRUE(store->transact_now(kill));
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    at.world.run_until(minutes(1));
    EXPECT_EQ(log, "b dead:a ") << "one of them has had its twenty";
    EXPECT_EQ(column("died_of", "a"), "poison");
    EXPECT_EQ(last_reason, "taken 20 times in a row without an outcome");
}

TEST_F(OutboxTest, NeverBuriesWhatHasToComeAbout) {
    add("k", "a");
    auto kill = [&](Tx& tx) -> Result<bool> {
        tx.run("UPDATE outbox_event SET unsettled = 1000");
        return true;
    };
    ASSERT_TRUE(store->transact_now(kill));
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); },
          ForEver{});
    at.world.run_until(minutes(1));
    EXPECT_EQ(log, "a ");
    EXPECT_EQ(column("unsettled", "a"), "0");
}

TEST_F(OutboxTest, KeepsARenewalThatComesLateFromTheNextDelivery) {
    add("k", "a");
    const Time now = at.clock.now();
    auto rounds = [&](Tx& tx) -> Result<bool> {
        const Event event = *claim_event(tx, "worker", now, seconds(30), InHand(1, 1)).event;
        EXPECT_TRUE(renew_lease(tx, event, now + seconds(40)));
        EXPECT_TRUE(settle_again(tx, event, now + seconds(3), false, "not yet"));
        EXPECT_FALSE(renew_lease(tx, event, now + seconds(40)));
        EXPECT_FALSE(holds_lease(tx, event));
        return true;
    };
    ASSERT_TRUE(store->transact_now(rounds));
    EXPECT_EQ(column("available_at", "a"), std::to_string(count_of(now + seconds(3))));
}

boost::asio::awaitable<Outcome> throw_until(const int* takings, int last, std::string* log,
                                            Delivery delivery) {
    *log += delivery.event().machine + " ";
    if (*takings < last) throw std::logic_error("nobody expected this");
    co_return Done{"worked", {}};
}

TEST_F(OutboxTest, GoesOnWhenAConsumerThrowsAndTakesItsEventAgain) {
    add("k", "a");
    add("l", "b");
    int takings = 0;
    start([&](Delivery delivery) {
        if (delivery.event().machine == "b") return log_and_finish(&log, std::move(delivery));
        ++takings;
        return throw_until(&takings, 3, &log, std::move(delivery));
    });
    at.world.run_until(seconds(1));
    EXPECT_EQ(log, "a b ") << "one event's bug holds up no other";
    EXPECT_EQ(column("unsettled", "a"), "1") << "as if its worker had died";
    at.world.run_until(minutes(5));
    EXPECT_EQ(log, "a b a a ");
    EXPECT_EQ(column("state", "a"), "done");
}

TEST_F(OutboxTest, SettlesOnceTheStoreCanBeWrittenAgain) {
    add("k", "a");
    start([this](Delivery delivery) {
        at.process.disk().fill();
        return log_and_finish(&log, std::move(delivery));
    });
    at.world.run_until(minutes(10));
    EXPECT_EQ(log, "a ") << "and what was done is not done again";
    EXPECT_EQ(column("state", "a"), "pending");
    at.process.disk().make_room();
    at.world.run_until(minutes(11));
    EXPECT_EQ(log, "a ");
    EXPECT_EQ(column("state", "a"), "done");
    EXPECT_EQ(column("unsettled", "a"), "0") << "a full disk is no poison";
}

TEST_F(OutboxTest, DoesNotBuryWhatNobodyNeedsAnyMore) {
    Consumer consumer(UntilItsDeadline{});
    consumer.consume = [](Delivery) { return give_up(); };
    consumer.obsolete = [](ReadTx&, const Event& event) { return event.machine == "a"; };
    consumer.on_dead = [this](Tx&, const Event& event, std::string_view) {
        log += "dead:" + event.machine + " ";
    };
    outbox.add(kTest, std::move(consumer));
    tasks.spawn(outbox.run());
    add("k", "a");
    add("l", "b");
    at.world.run_until(minutes(1));
    EXPECT_EQ(log, "dead:b ");
    EXPECT_EQ(column("state", "a"), "done");
    EXPECT_EQ(column("outcome", "a"), "nobody needs it any more: it cannot be");
}

TEST_F(OutboxTest, ArmsAnAlarmAgainForItsTime) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    const auto arm = [this](Duration after) {
        auto body = [this, after](Tx& tx) {
            const Time now = at.clock.now();
            enqueue_again(tx, {kTest, "a", "k", "a", "a", {"", Work::rows}, now + after}, now);
            return true;
        };
        EXPECT_TRUE(store->transact_now(body));
        outbox.wake();
    };
    arm(minutes(1));
    at.world.run_until(minutes(2));
    const std::string once = log;
    EXPECT_NE(once, "");
    arm(minutes(10));
    at.world.run_until(minutes(11));
    EXPECT_EQ(log, once) << "its time has not come";
    at.world.run_until(minutes(13));
    EXPECT_EQ(log, once + once) << "one row, done twice";
}

TEST_F(OutboxTest, KnowsWhichKindsAreForgottenByAge) {
    constexpr EventKind kOnce{"a-test", EventKind::Lifetime::with_machine};
    const auto add_kind = [&](const EventKind& kind) {
        Consumer consumer(ForEver{});
        consumer.consume = [this](Delivery delivery) {
            return log_and_finish(&log, std::move(delivery));
        };
        outbox.add(kind, std::move(consumer));
    };
    add_kind(kTest);
    add_kind(kOnce);
    EXPECT_THROW(add_kind(kOnce), std::logic_error) << "a second consumer";
    const auto by_age = outbox.kinds(EventKind::Lifetime::by_age);
    ASSERT_EQ(by_age.size(), 1U) << "who forgets the others lets things be done twice";
    EXPECT_EQ(by_age.front().name, kTest.name);
    EXPECT_EQ(outbox.kinds(EventKind::Lifetime::with_machine).front().name, kOnce.name);
}

TEST_F(OutboxTest, BuriesAnEventThatNoConsumerHandles) {
    start([this](Delivery delivery) { return log_and_finish(&log, std::move(delivery)); });
    auto body = [&](Tx& tx) -> Result<bool> {
        return enqueue(tx,
                       {EventKind("unheard-of", EventKind::Lifetime::by_age),
                        "a",
                        "k",
                        "a",
                        "a",
                        {"", Work::rows},
                        at.clock.now()},
                       at.clock.now());
    };
    ASSERT_TRUE(store->transact_now(body));
    outbox.wake();
    at.world.run_until(minutes(1));
    EXPECT_EQ(column("state", "a"), "dead");
    EXPECT_EQ(column("outcome", "a"), "no consumer handles unheard-of");
}

TEST_F(OutboxTest, CommitsTheEffectWithTheOutcome) {
    struct WithEffect {
        static boost::asio::awaitable<Outcome> consume(Delivery) {
            co_return Done{
                "done", [](Tx& tx) {
                    enqueue(tx,
                            {kTest, "b", "k2", "b", "b", {"fly", Work::make}, Time() + hours(1)},
                            Time());
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
