#include "system/outbox/leases.hpp"

#include <algorithm>
#include <utility>

namespace lifecycle {
namespace {

// Whoever holds the lease under which an event was claimed. A settlement leaves no owner, so that
// nobody who comes late, such as a renewal that was under way, meets the next delivery.
#define UNDER_ITS_LEASE \
    " WHERE id = ? AND state = 'pending' AND lease_owner = ? AND lease_epoch = ?"

// The time given, or that by which somebody wanted the event back who came while it was in hand.
#define SOONER " CASE WHEN hastened_to = 0 OR hastened_to > ? THEN ? ELSE hastened_to END"

// The longest that an event is hidden from those whom it may kill.
constexpr Duration kHiddenLongest = std::chrono::hours(1);

Event event_of(const Row& row) {
    Event event;
    event.id = row.integer(0);
    event.kind = row.text(1);
    event.ordering_key = row.text(2);
    event.machine = row.text(3);
    event.created_at = row.time_at(4);
    event.attempts = row.integer(5);
    event.unsettled = row.integer(6);
    event.epoch = row.integer(7);
    event.lane = row.text(8);
    event.share = row.text(9);
    event.subject = row.text(10);
    return event;
}

struct Visible {
    Event event;
    Time since;
};

// The longest visible event of that lane which is not in hand, and whose share is not full.
std::optional<Visible> longest_visible(ReadTx& tx, const std::string& lane, Time now,
                                       const InHand& in_hand) {
    // One that is in hand may be visible: its lease has run out, and its worker does not know yet.
    const auto visible = tx.all(
        "SELECT id, kind, ordering_key, machine, created_at, attempts, unsettled, lease_epoch,"
        " lane, share, subject, available_at FROM outbox_event e"
        " WHERE state = 'pending' AND lane = ? AND available_at <= ?"
        " AND ? NOT LIKE '%/' || share || '/%'"
        " AND NOT EXISTS (SELECT 1 FROM outbox_event p WHERE p.state = 'pending'"
        " AND p.ordering_key = e.ordering_key AND p.id < e.id)"
        " ORDER BY available_at, id LIMIT ?",
        {lane, count_of(now), in_hand.full_shares(lane),
         static_cast<std::int64_t>(in_hand.count() + 1)},
        [](const Row& row) { return Visible{event_of(row), row.time_at(11)}; });
    const auto free = std::ranges::find_if(
        visible, [&](const Visible& one) { return !in_hand.has(one.event.id); });
    if (free == visible.end()) return std::nullopt;
    return *free;
}

// The next of the lanes that have events to be handled, by name.
std::optional<std::string> lane_after(ReadTx& tx, const std::string& lane) {
    return tx.first(
        "SELECT lane FROM outbox_event WHERE state = 'pending' AND lane > ?"
        " ORDER BY lane LIMIT 1",
        {lane}, [](const Row& row) { return row.text(0); });
}

}  // namespace

Duration hidden_for(Duration lease, std::int64_t unsettled) {
    // A worker that dies with an event in hand is no sign yet, nor are two.
    const auto doublings = std::clamp<std::int64_t>(unsettled - 2, 0, 20);
    return std::max(lease, std::min(kHiddenLongest, lease * (std::int64_t{1} << doublings)));
}

void InHand::add(const Event& event) {
    events_.insert(event.id);
    ++lanes_[event.lane];
    if (!event.share.empty()) ++shares_[event.lane][event.share];
}

void InHand::remove(const Event& event) {
    events_.erase(event.id);
    if (--lanes_[event.lane] == 0) lanes_.erase(event.lane);
    if (event.share.empty()) return;
    auto& shares = shares_[event.lane];
    if (--shares[event.share] == 0) shares.erase(event.share);
    if (shares.empty()) shares_.erase(event.lane);
}

bool InHand::full(const std::string& lane) const {
    const auto found = lanes_.find(lane);
    return found != lanes_.end() && found->second >= slots_;
}

std::string InHand::full_shares(const std::string& lane) const {
    std::string full = "/";
    const auto shares = shares_.find(lane);
    if (shares == shares_.end()) return full;
    for (const auto& [share, count] : shares->second) {
        if (count >= share_) full += share + "/";
    }
    return full;
}

Claim claim_event(Tx& tx, std::string_view owner, Time now, Duration lease, const InHand& in_hand) {
    // Lane by lane, so that what waits in a full one costs nothing.
    std::optional<Visible> longest;
    for (auto lane = lane_after(tx, ""); lane; lane = lane_after(tx, *lane)) {
        if (in_hand.full(*lane)) continue;
        auto found = longest_visible(tx, *lane, now, in_hand);
        if (!found) continue;
        const bool longer = !longest || found->since < longest->since ||
                            (found->since == longest->since && found->event.id < longest->event.id);
        if (longer) longest = std::move(found);
    }
    Claim claim;
    if (!longest) {
        const auto next = tx.first(
            "SELECT available_at FROM outbox_event e WHERE state = 'pending' AND available_at > ?"
            " AND NOT EXISTS (SELECT 1 FROM outbox_event p WHERE p.state = 'pending'"
            " AND p.ordering_key = e.ordering_key AND p.id < e.id)"
            " ORDER BY available_at, id LIMIT 1",
            {count_of(now)}, [](const Row& row) { return row.integer(0); });
        if (next) claim.next = Time(Duration(*next));
        return claim;
    }
    claim.event = std::move(longest->event);
    ++claim.event->unsettled;
    ++claim.event->epoch;
    claim.event->owner = owner;
    tx.run(
        "UPDATE outbox_event SET available_at = ?, deliveries = deliveries + 1, unsettled = ?,"
        " lease_owner = ?, lease_epoch = ?, hastened_to = 0, again_at = 0 WHERE id = ?",
        {count_of(now + hidden_for(lease, claim.event->unsettled)), claim.event->unsettled, owner,
         claim.event->epoch, claim.event->id});
    return claim;
}

bool holds_lease(ReadTx& tx, const Event& event) {
    return tx
        .first("SELECT 1 FROM outbox_event" UNDER_ITS_LEASE, {event.id, event.owner, event.epoch},
               [](const Row& row) { return row.integer(0); })
        .has_value();
}

bool renew_lease(Tx& tx, const Event& event, Time until) {
    return tx.run("UPDATE outbox_event SET available_at = ?" UNDER_ITS_LEASE,
                  {count_of(until), event.id, event.owner, event.epoch}) == 1;
}

bool settle_done(Tx& tx, const Event& event, std::string_view note) {
    return tx.run(
               "UPDATE outbox_event SET lease_owner = '', unsettled = 0, outcome = ?,"
               " state = CASE again_at WHEN 0 THEN 'done' ELSE 'pending' END,"
               " available_at = CASE again_at WHEN 0 THEN available_at ELSE again_at END,"
               " created_at = CASE again_at WHEN 0 THEN created_at ELSE again_at END,"
               " attempts = CASE again_at WHEN 0 THEN attempts ELSE 0 END" UNDER_ITS_LEASE,
               {note, event.id, event.owner, event.epoch}) == 1;
}

bool settle_dead(Tx& tx, const Event& event, const GiveUp& verdict) {
    return tx.run(
               "UPDATE outbox_event SET state = 'dead', lease_owner = '', unsettled = 0,"
               " outcome = ?, died_of = ?" UNDER_ITS_LEASE,
               {verdict.reason, to_string(verdict.cause), event.id, event.owner, event.epoch}) == 1;
}

bool settle_again(Tx& tx, const Event& event, Time when, bool failed, std::string_view reason) {
    return tx.run("UPDATE outbox_event SET available_at = " SOONER
                  ", attempts = attempts + ?,"
                  " lease_owner = '', unsettled = 0, outcome = ?" UNDER_ITS_LEASE,
                  {count_of(when), count_of(when), std::int64_t{failed ? 1 : 0}, reason, event.id,
                   event.owner, event.epoch}) == 1;
}

}  // namespace lifecycle
