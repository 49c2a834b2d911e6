#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "system/outbox/event.hpp"

// The lease protocol over the outbox table. An event is visible when it is pending, its time has
// come and no older event of its key is pending. Taking it hides it for the length of the lease and
// starts a new epoch; only who has the present lease may renew it, fence a write with it, or settle
// the event, and settling it ends the lease.
namespace lifecycle {

// How long an event is hidden that was taken that often in a row without an outcome. What may be
// killing its workers comes back later and later.
Duration hidden_for(Duration lease, std::int64_t unsettled);

struct Claim {
    std::optional<Event> event;
    // When the next event becomes visible, if nothing could be taken now.
    std::optional<Time> next;
};

// What a worker has in hand, and how much of one lane, and of one share of it, it can have.
class InHand {
  public:
    InHand(std::size_t slots, std::size_t share) : slots_(slots), share_(share) {}
    void add(const Event& event);
    void remove(const Event& event);
    bool has(std::int64_t event) const { return events_.contains(event); }
    std::size_t count() const { return events_.size(); }
    bool full(const std::string& lane) const;
    // Those of whom it has as much as it can, each between slashes.
    std::string full_shares(const std::string& lane) const;

  private:
    std::size_t slots_;
    std::size_t share_;
    std::set<std::int64_t> events_;
    std::map<std::string, std::size_t> lanes_;                          // that have any
    std::map<std::string, std::map<std::string, std::size_t>> shares_;  // the same, by lane
};

// Takes the longest visible event that is not in hand and whose lane and share have room.
Claim claim_event(Tx& tx, std::string_view owner, Time now, Duration lease, const InHand& in_hand);

// Whether the lease under which the event was claimed is still the present one.
bool holds_lease(ReadTx& tx, const Event& event);

// False, changing nothing, if the lease has been lost or the delivery is settled.
bool renew_lease(Tx& tx, const Event& event, Time until);

// The ways to end a delivery; each is false, changing nothing, if the lease has been lost.
bool settle_done(Tx& tx, const Event& event, std::string_view note);
bool settle_dead(Tx& tx, const Event& event, const GiveUp& verdict);
bool settle_again(Tx& tx, const Event& event, Time when, bool failed, std::string_view reason);

}  // namespace lifecycle
