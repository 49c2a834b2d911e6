#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "system/outbox/outbox.hpp"
#include "tests/support/sim_fixture.hpp"

namespace lifecycle {

inline constexpr EventKind kTest{"test", EventKind::Lifetime::by_age};

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
        chosen.slots = 2;
        chosen.share = 1;
        return chosen;
    }

    void add(const std::string& key, const std::string& dedupe,
             Duration delay = std::chrono::seconds(0)) {
        auto body = [&](Tx& tx) -> Result<bool> {
            return enqueue(tx, {kTest, dedupe, key, dedupe, dedupe, lane, at.clock.now() + delay},
                           at.clock.now());
        };
        added = *store->transact_now(body);
        outbox.wake();
    }

    void start(std::function<boost::asio::awaitable<Outcome>(Delivery)> consume,
               Patience patience = UntilItsDeadline{}) {
        Consumer consumer(patience);
        consumer.consume = std::move(consume);
        consumer.on_dead = [this](Tx&, const Event& event, std::string_view reason) {
            log += "dead:" + event.machine + " ";
            last_reason = reason;
        };
        outbox.add(kTest, std::move(consumer));
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
    Lane lane = {"fly", Work::make};  // of the events that are added
    std::string log;
    std::string last_reason;
    bool added = false;
};

inline boost::asio::awaitable<Outcome> log_and_finish(std::string* log, Delivery delivery) {
    *log += delivery.event().machine + " ";
    co_return Done{"logged", {}};
}

inline boost::asio::awaitable<Outcome> work_for(std::string* log, Clock* clock, Duration duration,
                                                Delivery delivery) {
    *log += delivery.event().machine + "( ";
    co_await idle_for(clock, duration);
    *log += delivery.event().machine + ") ";
    co_return Done{"worked", {}};
}

}  // namespace lifecycle
