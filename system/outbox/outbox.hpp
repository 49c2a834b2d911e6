#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "system/concurrency/periodic_loop.hpp"
#include "system/concurrency/signal.hpp"
#include "system/concurrency/task_group.hpp"
#include "system/outbox/event.hpp"
#include "system/outbox/leases.hpp"
#include "system/ports/ports.hpp"

namespace lifecycle {

class Outbox;

// One event in the hands of a consumer. Copies refer to the same delivery.
class Delivery {
  public:
    Delivery(Store& store, std::shared_ptr<const Event> event)
        : store_(&store), event_(std::move(event)) {}
    const Event& event() const { return *event_; }

    // Store::transact, fenced: the closure runs only if this delivery still holds its lease, else
    // the error is `stale_lease`.
    template <class Body>
    boost::asio::awaitable<std::invoke_result_t<Body&, Tx&>> transact(Body body) {
        using Answer = std::invoke_result_t<Body&, Tx&>;
        auto fenced = [event = event_, work = std::move(body)](Tx& tx) mutable -> Answer {
            if (!holds_lease(tx, *event)) return std::unexpected(stale_lease());
            return work(tx);
        };
        return store_->transact(std::move(fenced));
    }

  private:
    static Error stale_lease() {
        return {ErrorCode::stale_lease, "the lease of the event was lost", "leave it alone"};
    }

    Store* store_;
    std::shared_ptr<const Event> event_;
};

// How long a kind of event is worked on. Time decides, and never how often it was tried.

// It has to come about. Only an answer that no attempt can change ends it; one that kills its
// workers is tried ever more rarely, and reported.
struct ForEver {};
// What it works for has a deadline of its own, which ends both.
struct UntilItsDeadline {};
// Given up by that long after it was made.
struct Within {
    Duration time;
};
using Patience = std::variant<ForEver, UntilItsDeadline, Within>;

// How one kind of event is handled. A consumer may run any number of times for one event, also
// after a crash in the middle: it reads state, acts, and commits what came of it under its lease.
struct Consumer {
    explicit Consumer(Patience how_long) : patience(how_long) {}

    Patience patience;
    std::function<boost::asio::awaitable<Outcome>(Delivery)> consume;
    // In the transaction that would bury an event: whether what it was for has ended meanwhile.
    // Then nothing has failed, and it is done.
    std::function<bool(ReadTx&, const Event&)> obsolete = {};
    // In the transaction that buries an event: what its failure means for the state.
    std::function<void(Tx&, const Event&, std::string_view reason)> on_dead;
    Duration backoff_first = std::chrono::seconds(1);
    Duration backoff_longest = std::chrono::seconds(60);
};

struct OutboxOptions {
    std::string owner = "lifecycled";  // of leases, in the log and the table
    Duration lease = std::chrono::seconds(30);
    std::size_t slots = 8;  // of each lane: how many of its events are handled at a time
    std::size_t share = 2;  // of those slots: how many are for one whose work it is
    // An event that was taken this often in a row without an outcome kills its workers: it is
    // buried, unless its consumer's patience is for ever.
    std::int64_t max_unsettled = 20;
    // The longest that an event added by another process waits to be seen.
    Duration poll = std::chrono::seconds(5);
};

// Handles due events: at least once each, in order per key, several keys of each lane at a time. A
// consumer that has to wait says `Later` and gives its slot to others. Nothing that the outbox
// needs is only in memory: after a crash the leases of its past life run out, and it goes on.
class Outbox final : public Loop {
  public:
    Outbox(Store& store, Ports ports, TaskGroup& tasks, OutboxOptions options);

    // Before run(). The kind must not have a consumer yet.
    void add(const EventKind& kind, Consumer consumer);
    // Those of that lifetime that have a consumer, by name.
    std::vector<EventKind> kinds(EventKind::Lifetime lifetime) const;

    // Looks for due events now. To be called after a commit that added or hastened one.
    void wake() { signal_.raise(); }

    // Takes events until stop(); what is in hand then goes on to its end.
    boost::asio::awaitable<void> run() override;
    void stop() override;

  private:
    // Each of these is awaited by a coroutine whose frame holds what they fill.
    boost::asio::awaitable<void> take(Claim* claim);
    boost::asio::awaitable<void> consume(std::shared_ptr<const Event> event, Outcome* outcome);
    boost::asio::awaitable<void> extend(std::shared_ptr<const Event> event, bool* held);

    boost::asio::awaitable<void> handle(std::shared_ptr<const Event> event);
    boost::asio::awaitable<void> renew(std::shared_ptr<const Event> event,
                                       std::shared_ptr<Signal> finished);
    boost::asio::awaitable<void> settle(std::shared_ptr<const Event> event, Outcome outcome);
    // The same, unless the consumer's patience is at its end.
    Outcome judge(const Consumer& consumer, const Event& event, Outcome outcome) const;
    Duration backoff(const Consumer& consumer, std::int64_t attempts);
    // The same, unless it would bury what nobody needs any more.
    Outcome unless_obsolete(ReadTx& tx, const Event& event, const Outcome& outcome) const;
    bool settle_in(Tx& tx, const Event& event, const Outcome& outcome, Duration delay);

    Store& store_;
    Ports ports_;
    TaskGroup& tasks_;
    OutboxOptions options_;
    std::map<std::string, Consumer, std::less<>> consumers_;
    std::vector<EventKind> kinds_;  // by name
    InHand in_hand_;                // a worker never competes with itself
    Signal signal_;
    bool stopping_ = false;
};

}  // namespace lifecycle
