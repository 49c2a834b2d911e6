#include "system/outbox/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "system/concurrency/contain.hpp"
#include "system/outbox/outbox_step.hpp"

namespace lifecycle {
namespace {

OutboxStep step_of(const Outcome& outcome) {
    struct Visitor {
        OutboxStep operator()(const Done&) const { return OutboxStep::done; }
        OutboxStep operator()(const Retry&) const { return OutboxStep::retry; }
        OutboxStep operator()(const Later&) const { return OutboxStep::later; }
        OutboxStep operator()(const GiveUp&) const { return OutboxStep::dead; }
        OutboxStep operator()(const LeaseLost&) const { return OutboxStep::lease_lost; }
    };
    return std::visit(Visitor{}, outcome);
}

std::string_view text_of(const Outcome& outcome) {
    struct Visitor {
        std::string_view operator()(const Done& done) const { return done.note; }
        std::string_view operator()(const Retry& retry) const { return retry.reason; }
        std::string_view operator()(const Later& later) const { return later.reason; }
        std::string_view operator()(const GiveUp& give_up) const { return give_up.reason; }
        std::string_view operator()(const LeaseLost&) const { return "taken over"; }
    };
    return std::visit(Visitor{}, outcome);
}

// How long to leave a store alone that cannot be written.
constexpr Duration kPause = std::chrono::seconds(5);

// Takings in a row without an outcome after which somebody should look.
constexpr std::int64_t kSuspicious = 5;

void tell_of_claim(Tx& tx, const Event& event) {
    tx.tell(to_text(OutboxStep::claimed), {{"event", event.id},
                                           {"kind", event.kind},
                                           {"machine", event.machine},
                                           {"epoch", event.epoch}});
    if (event.unsettled <= kSuspicious) return;
    tx.tell("poison.suspected", {{"event", event.id},
                                 {"kind", event.kind},
                                 {"machine", event.machine},
                                 {"taken", event.unsettled}});
}

}  // namespace

Outbox::Outbox(Store& store, Ports ports, TaskGroup& tasks, OutboxOptions options)
    : store_(store),
      ports_(std::move(ports)),
      tasks_(tasks),
      options_(std::move(options)),
      in_hand_(options_.slots, options_.share),
      signal_(ports_.clock) {}

void Outbox::add(const EventKind& kind, Consumer consumer) {
    if (!consumers_.emplace(kind.name, std::move(consumer)).second) {
        throw std::logic_error(fmt::format("two consumers for {}", kind.name));
    }
    kinds_.push_back(kind);
    std::ranges::sort(kinds_, {}, &EventKind::name);
}

std::vector<EventKind> Outbox::kinds(EventKind::Lifetime lifetime) const {
    std::vector<EventKind> all;
    std::ranges::copy_if(kinds_, std::back_inserter(all),
                         [&](const EventKind& kind) { return kind.lifetime == lifetime; });
    return all;
}

void Outbox::stop() {
    stopping_ = true;
    signal_.raise();
}

boost::asio::awaitable<void> Outbox::run() {
    while (!stopping_) {
        Claim claim;
        const Ending ending = co_await contain(&ports_.telemetry, "outbox", take(&claim));
        if (ending != Ending::completed) {
            co_await idle_for(&ports_.clock, kPause);
            continue;
        }
        if (claim.event) {
            auto event = std::make_shared<const Event>(*std::move(claim.event));
            in_hand_.add(*event);
            tasks_.spawn(handle(event));
            continue;
        }
        Time next = ports_.clock.now() + options_.poll;
        if (claim.next) next = std::min(next, *claim.next);
        const bool woken = co_await signal_.wait_until(next);
        static_cast<void>(woken);
    }
}

boost::asio::awaitable<void> Outbox::take(Claim* claim) {
    // A lease counts from the taking: the process may have stood still since it asked for the turn.
    auto take = [this](Tx& tx) -> Claim {
        Claim claimed =
            claim_event(tx, options_.owner, ports_.clock.now(), options_.lease, in_hand_);
        if (claimed.event) tell_of_claim(tx, *claimed.event);
        return claimed;
    };
    auto taken = co_await store_.transact(std::move(take));
    *claim = std::move(taken);
}

boost::asio::awaitable<void> Outbox::handle(std::shared_ptr<const Event> event) {
    auto finished = std::make_shared<Signal>(ports_.clock);
    tasks_.spawn(renew(event, finished));
    // A bug in a consumer is a worker that died with the event in hand: its lease runs out.
    Outcome outcome = Later{"the store could not be written", kPause};
    Ending ending =
        co_await contain(&ports_.telemetry, "handling " + event->kind, consume(event, &outcome));
    while (ending != Ending::bug) {
        ending =
            co_await contain(&ports_.telemetry, "settling " + event->kind, settle(event, outcome));
        if (ending == Ending::completed || stopping_) break;
        co_await idle_for(&ports_.clock, kPause);
    }
    finished->raise();
    in_hand_.remove(*event);
    signal_.raise();
}

boost::asio::awaitable<void> Outbox::consume(std::shared_ptr<const Event> event, Outcome* outcome) {
    const auto consumer = consumers_.find(event->kind);
    if (consumer == consumers_.end()) {
        *outcome = GiveUp{fmt::format("no consumer handles {}", event->kind)};
        co_return;
    }
    const bool endless = std::holds_alternative<ForEver>(consumer->second.patience);
    if (!endless && event->unsettled > options_.max_unsettled) {
        *outcome =
            GiveUp{fmt::format("taken {} times in a row without an outcome", event->unsettled - 1),
                   DeathCause::poison};
        co_return;
    }
    Delivery delivery(store_, event);
    Outcome reached = co_await consumer->second.consume(std::move(delivery));
    *outcome = judge(consumer->second, *event, std::move(reached));
}

Outcome Outbox::judge(const Consumer& consumer, const Event& event, Outcome outcome) const {
    const auto* within = std::get_if<Within>(&consumer.patience);
    const bool unfinished =
        std::holds_alternative<Retry>(outcome) || std::holds_alternative<Later>(outcome);
    if (within == nullptr || !unfinished) return outcome;
    if (ports_.clock.now() - event.created_at < within->time) return outcome;
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(within->time);
    return GiveUp{fmt::format("not done {} minutes after it was asked for, last: {}",
                              minutes.count(), text_of(outcome)),
                  DeathCause::patience};
}

boost::asio::awaitable<void> Outbox::renew(std::shared_ptr<const Event> event,
                                           std::shared_ptr<Signal> finished) {
    bool held = true;
    while (held) {
        const bool done = co_await finished->wait_until(ports_.clock.now() + options_.lease / 3);
        if (done) co_return;
        // What fails now is tried again while there is a lease.
        const Ending ending =
            co_await contain(&ports_.telemetry, "renewing " + event->kind, extend(event, &held));
        static_cast<void>(ending);
    }
}

boost::asio::awaitable<void> Outbox::extend(std::shared_ptr<const Event> event, bool* held) {
    auto extend = [this, event](Tx& tx) -> bool {
        return renew_lease(tx, *event,
                           ports_.clock.now() + hidden_for(options_.lease, event->unsettled));
    };
    const auto extended = co_await store_.transact(std::move(extend));
    *held = extended;
}

boost::asio::awaitable<void> Outbox::settle(std::shared_ptr<const Event> event, Outcome outcome) {
    Duration delay{0};
    if (const auto* retry = std::get_if<Retry>(&outcome)) {
        delay = std::max(retry->at_least,
                         backoff(consumers_.find(event->kind)->second, event->attempts));
    }
    auto commit = [this, event, outcome, delay](Tx& tx) {
        const Outcome reached = unless_obsolete(tx, *event, outcome);
        const bool settled = settle_in(tx, *event, reached, delay);
        const Outcome lost = LeaseLost{};
        const Outcome& told = settled ? reached : lost;
        tx.tell(to_text(step_of(told)), {{"event", event->id},
                                         {"kind", event->kind},
                                         {"machine", event->machine},
                                         {"epoch", event->epoch},
                                         {"why", text_of(told)}});
    };
    co_await store_.transact(std::move(commit));
}

Outcome Outbox::unless_obsolete(ReadTx& tx, const Event& event, const Outcome& outcome) const {
    const auto* give_up = std::get_if<GiveUp>(&outcome);
    const auto consumer = consumers_.find(event.kind);
    const bool known = consumer != consumers_.end() && consumer->second.obsolete;
    if (give_up == nullptr || !known || !consumer->second.obsolete(tx, event)) return outcome;
    return Done{"nobody needs it any more: " + give_up->reason, {}};
}

bool Outbox::settle_in(Tx& tx, const Event& event, const Outcome& outcome, Duration delay) {
    const Time now = ports_.clock.now();
    if (const auto* done = std::get_if<Done>(&outcome)) {
        if (!settle_done(tx, event, done->note)) return false;
        if (done->effect) done->effect(tx);
        return true;
    }
    if (const auto* retry = std::get_if<Retry>(&outcome)) {
        return settle_again(tx, event, now + delay, true, retry->reason);
    }
    if (const auto* later = std::get_if<Later>(&outcome)) {
        return settle_again(tx, event, now + later->after, false, later->reason);
    }
    if (const auto* give_up = std::get_if<GiveUp>(&outcome)) {
        if (!settle_dead(tx, event, *give_up)) return false;
        const auto consumer = consumers_.find(event.kind);
        if (consumer != consumers_.end() && consumer->second.on_dead) {
            consumer->second.on_dead(tx, event, give_up->reason);
        }
        return true;
    }
    return false;
}

Duration Outbox::backoff(const Consumer& consumer, std::int64_t attempts) {
    const auto doublings = std::min<std::int64_t>(attempts, 20);
    const Duration plain =
        std::min(consumer.backoff_longest, consumer.backoff_first * (std::int64_t{1} << doublings));
    // Up to a quarter more, so that what failed together does not come back together.
    const auto jitter = static_cast<std::int64_t>(ports_.entropy.below(1024));
    return plain + plain * jitter / 4096;
}

}  // namespace lifecycle
