#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/dialects/phrase.hpp"
#include "scenarios/flows/oddities.hpp"
#include "system/outbox/outbox_step.hpp"
#include "system/ports/time.hpp"

namespace scenarios {

// A call that came out otherwise than it should, and who made it.
struct Met {
    std::string_view kind;  // of the event that was being handled
    Call call;
    Oddity oddity;
    bool mounts = false;        // the machine has a volume
    bool there = false;         // something is described
    bool known = false;         // the machine's id at its provider is durable
    std::int64_t time = 1;      // the first of such calls, or a later one, whoever made it
    std::int64_t looks = 1;     // of those, how many were odd that this event has made
    std::int64_t attempts = 0;  // of the event, that have failed before
};

// What has to come of the handling.
struct Reaction {
    // claimed: it goes on, and may end in any way.
    lifecycle::OutboxStep step = lifecycle::OutboxStep::claimed;
    // Until the event is taken again: as long as that, or, if it is tried again, at least.
    lifecycle::Duration pause{0};
    // Or a quarter of the time since the event was made, from two seconds to ten, if that is more.
    bool by_spent = false;
};

// Whether those of that kind call a provider.
bool is_flow(std::string_view kind);

// A row of what is said of a flow.
struct ReactionRow {
    std::size_t number = 0;
    Reaction reaction;
};
// The first that fits; nothing if nobody has said.
std::optional<ReactionRow> reaction_to(const Met& met);
// Of each flow, by the kind of its events, how many rows there are.
std::map<std::string, std::size_t> reaction_rows();

// How soon what failed is tried again: at first, and at most. It doubles each time, and up to a
// quarter comes on top.
struct Backoff {
    lifecycle::Duration first;
    lifecycle::Duration longest;
};
Backoff backoff_of(std::string_view kind);

}  // namespace scenarios
