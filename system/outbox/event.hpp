#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// What an event asks for. Exactly one consumer handles those of a kind.
struct EventKind {
    enum class Lifetime : std::uint8_t {
        with_machine,  // the only one of its kind that its machine has: forgotten with it
        by_age,        // asked for again and again: forgotten a while after it is settled
    };
    constexpr EventKind(std::string_view kind, Lifetime kept) : name(kind), lifetime(kept) {}

    std::string_view name;
    Lifetime lifetime;
};

// What handling an event does, and so what it may have to wait for.
enum class Work : std::uint8_t {
    make,   // has a provider make, start or change something
    end,    // has it destroy something
    box,    // asks a daemon how it is
    hand,   // hands a daemon work, of which there may be any amount
    route,  // writes to the route table
    rows,   // waits for nobody
};

// Events that wait for the same share a lane. Each lane has slots of its own, so that whoever does
// not answer holds up nobody who waits for somebody else.
struct Lane {
    std::string_view provider;  // empty: none is asked
    Work work;
    // Whose, where some may want more than others: each has a share of the slots. Empty: nobody's.
    std::string_view share = {};
};
std::string to_text(const Lane& lane);

// A durable intention: something that has to be done outside the store, at least once.
struct Event {
    std::int64_t id = 0;
    std::string kind;          // which consumer handles it
    std::string subject;       // what it is about: the id of a machine, a volume, a delegation
    std::string ordering_key;  // events of one key are handled one after the other, oldest first
    std::string machine;       // with whose rows it is forgotten; empty: with nobody's
    std::string lane;          // as to_text() says it
    std::string share;         // within its lane
    Time created_at{};
    std::int64_t attempts = 0;   // failures so far
    std::int64_t unsettled = 0;  // takings in a row that came to no outcome, this one included
    std::string owner;           // of the lease under which it is being handled
    std::int64_t epoch = 0;      // of the same
};

struct NewEvent {
    EventKind kind;
    std::string subject;
    std::string ordering_key;
    std::string dedupe_key;  // at most one event of this key is ever accepted
    std::string machine;
    Lane lane;
    Time available_at{};  // not before
};

// Adds the event in the caller's transaction. False, adding nothing, if its dedupe key is taken.
bool enqueue(Tx& tx, const NewEvent& event, Time now);

// Makes a settled event due again, as if it had been accepted now: for what has to be done again
// and again as long as something lasts. One that is in hand is due again once it is done, since
// whoever has it may have looked too early. Nothing if it waits, or was accepted within `apart`.
void rearm(Tx& tx, std::string_view dedupe_key, Duration apart, Time now);

// Accepts an event, or, if it was accepted before, has it done again at `available_at`, or sooner
// if it waits for an earlier time: one row for what is done as often as somebody asks, and for
// alarms.
void enqueue_again(Tx& tx, const NewEvent& event, Time now);

// Makes a pending event due at `when` if it was due later; one that is in hand comes back by then
// unless it ends.
void bring_forward(Tx& tx, std::string_view dedupe_key, Time when);

// What a consumer decided. The effect is committed together with the outcome, or not at all if
// the lease was lost meanwhile.
using Effect = std::function<void(Tx&)>;

struct Done {
    std::string note;
    Effect effect;
};
// It failed; try again under the consumer's policy, at the earliest after `at_least`.
struct Retry {
    std::string reason;
    Duration at_least{0};
};
// It did not fail but is not finished; come back after `after`. Costs no attempt.
struct Later {
    std::string reason;
    Duration after;
};
// Why an event was buried.
enum class DeathCause : std::uint8_t {
    answer,    // no attempt can succeed
    patience,  // its consumer's time is up
    poison,    // it kills whoever takes it
};
std::string_view to_string(DeathCause cause);

// No attempt can succeed: bury it now.
struct GiveUp {
    std::string reason;
    DeathCause cause = DeathCause::answer;
};
// The lease went to somebody else: say nothing.
struct LeaseLost {};

using Outcome = std::variant<Done, Retry, Later, GiveUp, LeaseLost>;

}  // namespace lifecycle
