#include "system/outbox/leases.hpp"

#include <algorithm>

namespace lifecycle {
namespace {

Event event_of(const Row& row) {
    return {row.integer(0), row.text(1),    row.text(2),   row.text(3),
            row.integer(4), row.integer(5), row.integer(6)};
}

}  // namespace

Claim claim_event(Tx& tx, std::string_view owner, Time now, Duration lease,
                  const std::set<std::int64_t>& skip) {
    Claim claim;
    const auto visible = tx.all(
        "SELECT id, kind, ordering_key, machine, attempts, deliveries, lease_epoch"
        " FROM outbox_event e WHERE state = 'pending' AND available_at <= ?"
        " AND NOT EXISTS (SELECT 1 FROM outbox_event p WHERE p.state = 'pending'"
        " AND p.ordering_key = e.ordering_key AND p.id < e.id)"
        " ORDER BY available_at, id LIMIT ?",
        {count_of(now), static_cast<std::int64_t>(skip.size() + 1)}, event_of);
    const auto free = std::find_if(visible.begin(), visible.end(),
                                   [&](const Event& event) { return !skip.contains(event.id); });
    if (free == visible.end()) {
        const auto next = tx.first(
            "SELECT available_at FROM outbox_event e WHERE state = 'pending' AND available_at > ?"
            " AND NOT EXISTS (SELECT 1 FROM outbox_event p WHERE p.state = 'pending'"
            " AND p.ordering_key = e.ordering_key AND p.id < e.id)"
            " ORDER BY available_at, id LIMIT 1",
            {count_of(now)}, [](const Row& row) { return row.integer(0); });
        if (next) claim.next = Time(Duration(*next));
        return claim;
    }
    claim.event = *free;
    ++claim.event->deliveries;
    ++claim.event->epoch;
    tx.run(
        "UPDATE outbox_event SET available_at = ?, deliveries = ?, lease_owner = ?,"
        " lease_epoch = ? WHERE id = ?",
        {count_of(now + lease), claim.event->deliveries, owner, claim.event->epoch,
         claim.event->id});
    return claim;
}

bool holds_lease(Tx& tx, const Event& event) {
    return tx
        .first("SELECT 1 FROM outbox_event WHERE id = ? AND state = 'pending' AND lease_epoch = ?",
               {event.id, event.epoch}, [](const Row& row) { return row.integer(0); })
        .has_value();
}

bool renew_lease(Tx& tx, const Event& event, Time until) {
    return tx.run(
               "UPDATE outbox_event SET available_at = ?"
               " WHERE id = ? AND state = 'pending' AND lease_epoch = ?",
               {count_of(until), event.id, event.epoch}) == 1;
}

bool settle_done(Tx& tx, const Event& event, std::string_view note) {
    return tx.run(
               "UPDATE outbox_event SET state = 'done', lease_owner = '', outcome = ?"
               " WHERE id = ? AND state = 'pending' AND lease_epoch = ?",
               {note, event.id, event.epoch}) == 1;
}

bool settle_dead(Tx& tx, const Event& event, std::string_view reason) {
    return tx.run(
               "UPDATE outbox_event SET state = 'dead', lease_owner = '', outcome = ?"
               " WHERE id = ? AND state = 'pending' AND lease_epoch = ?",
               {reason, event.id, event.epoch}) == 1;
}

bool settle_again(Tx& tx, const Event& event, Time when, bool failed, std::string_view reason) {
    return tx.run(
               "UPDATE outbox_event SET available_at = ?, attempts = attempts + ?,"
               " lease_owner = '', outcome = ?"
               " WHERE id = ? AND state = 'pending' AND lease_epoch = ?",
               {count_of(when), std::int64_t{failed ? 1 : 0}, reason, event.id, event.epoch}) == 1;
}

}  // namespace lifecycle
