#pragma once

#include <functional>
#include <map>
#include <string>

#include "scenarios/durable/ledger.hpp"
#include "scenarios/durable/plan.hpp"
#include "system/outbox/event.hpp"

namespace scenarios {

// The last has no consumer.
inline constexpr lifecycle::EventKind kMadeUpKinds[] = {
    {"forever", lifecycle::EventKind::Lifetime::by_age},
    {"deadline", lifecycle::EventKind::Lifetime::with_machine},
    {"within", lifecycle::EventKind::Lifetime::by_age},
    {"patient", lifecycle::EventKind::Lifetime::with_machine},
    {"unheard", lifecycle::EventKind::Lifetime::by_age}};
inline constexpr int kUnheard = 4;

// How they are handled.
std::map<std::string, KindTerms, std::less<>> made_up_terms();

// One of some dozens, in one of so many lanes for each provider.
lifecycle::NewEvent made_up_event(Plan& plan, int lanes, lifecycle::Time now);
// One that is unlike all others, and due.
lifecycle::NewEvent made_up_due_event(int number, lifecycle::Time now);

// It is older, has failed, and was taken in vain, as often as it may have been.
void give_past(Plan& plan, Entry& entry, lifecycle::Time now);

}  // namespace scenarios
