#pragma once

#include <optional>
#include <set>
#include <string_view>

#include "system/outbox/event.hpp"

// The lease protocol over the outbox table. An event is visible when it is pending, its time has
// come and no older event of its key is pending. Taking it hides it for the length of the lease and
// starts a new epoch; only the present epoch may renew, fence a write, or settle the event.
namespace lifecycle {

struct Claim {
    std::optional<Event> event;
    // When the next event becomes visible, if nothing could be taken now.
    std::optional<Time> next;
};

// Takes the longest visible event that is not in `skip`.
Claim claim_event(Tx& tx, std::string_view owner, Time now, Duration lease,
                  const std::set<std::int64_t>& skip);

// Whether the event's present epoch is still the one under which it was claimed.
bool holds_lease(Tx& tx, const Event& event);

// False if the lease has been lost.
bool renew_lease(Tx& tx, const Event& event, Time until);

// The ways to end a delivery; each is false, changing nothing, if the lease has been lost.
bool settle_done(Tx& tx, const Event& event, std::string_view note);
bool settle_dead(Tx& tx, const Event& event, std::string_view reason);
bool settle_again(Tx& tx, const Event& event, Time when, bool failed, std::string_view reason);

}  // namespace lifecycle
