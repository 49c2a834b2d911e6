#include "system/outbox/event.hpp"

#include <fmt/format.h>

namespace lifecycle {
namespace {

std::string_view word_of(Work work) {
    switch (work) {
        case Work::make: return "make";
        case Work::end: return "end";
        case Work::box: return "box";
        case Work::hand: return "hand";
        case Work::route: return "route";
        case Work::rows: return "rows";
    }
    return "unknown";
}

}  // namespace

std::string to_text(const Lane& lane) {
    return fmt::format("{}/{}", lane.provider, word_of(lane.work));
}

std::string_view to_string(DeathCause cause) {
    switch (cause) {
        case DeathCause::answer: return "answer";
        case DeathCause::patience: return "patience";
        case DeathCause::poison: return "poison";
    }
    return "unknown";
}

bool enqueue(Tx& tx, const NewEvent& event, Time now) {
    const std::string lane = to_text(event.lane);
    return tx.run(
               "INSERT INTO outbox_event (kind, subject, ordering_key, dedupe_key, machine, lane,"
               " share, state, available_at, created_at)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)"
               " ON CONFLICT (dedupe_key) DO NOTHING",
               {event.kind.name, event.subject, event.ordering_key, event.dedupe_key, event.machine,
                lane, event.lane.share, count_of(event.available_at), count_of(now)}) == 1;
}

namespace {

// Due again at `when`, if it was accepted at least `apart` ago.
void arm(Tx& tx, std::string_view dedupe_key, Duration apart, Time now, Time when) {
    // One that is of the future is of a clock that was set back.
    tx.run(
        "UPDATE outbox_event SET state = 'pending', available_at = ?, attempts = 0,"
        " deliveries = 0, unsettled = 0, died_of = '', created_at = ?"
        " WHERE dedupe_key = ? AND state <> 'pending'"
        " AND (created_at <= ? OR created_at > ?)",
        {count_of(when), count_of(now), dedupe_key, count_of(now - apart), count_of(now)});
    tx.run(
        "UPDATE outbox_event SET again_at = ?"
        " WHERE dedupe_key = ? AND state = 'pending' AND lease_owner <> ''"
        " AND (created_at <= ? OR created_at > ?)",
        {count_of(when), dedupe_key, count_of(now - apart), count_of(now)});
}

}  // namespace

void rearm(Tx& tx, std::string_view dedupe_key, Duration apart, Time now) {
    arm(tx, dedupe_key, apart, now, now);
}

void bring_forward(Tx& tx, std::string_view dedupe_key, Time when) {
    tx.run(
        "UPDATE outbox_event SET available_at = ?"
        " WHERE dedupe_key = ? AND state = 'pending' AND lease_owner = '' AND available_at > ?",
        {count_of(when), dedupe_key, count_of(when)});
    // The visibility of an event that somebody works on is the worker's lease.
    tx.run(
        "UPDATE outbox_event SET hastened_to = ?"
        " WHERE dedupe_key = ? AND state = 'pending' AND lease_owner <> ''"
        " AND (hastened_to = 0 OR hastened_to > ?)",
        {count_of(when), dedupe_key, count_of(when)});
}

void enqueue_again(Tx& tx, const NewEvent& event, Time now) {
    if (enqueue(tx, event, now)) return;
    arm(tx, event.dedupe_key, Duration(0), now, event.available_at);
    bring_forward(tx, event.dedupe_key, event.available_at);
}

}  // namespace lifecycle
