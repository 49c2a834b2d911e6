#include "system/model/delegation.hpp"

#include <array>
#include <utility>

#include "system/model/states.hpp"

namespace lifecycle {
namespace {

using enum DelegationState;

constexpr std::array kStates = {queued, delivered, processed, failed};

constexpr std::array<std::pair<DelegationState, DelegationState>, 6> kTransitions = {{
    {queued, delivered},
    {delivered, delivered},  // once more: whoever had it may be dead
    {queued, processed},     // whoever delivered it died before it could say so
    {queued, failed},
    {delivered, processed},
    {delivered, failed},
}};

}  // namespace

std::string_view to_string(DelegationState state) {
    switch (state) {
        case queued: return "queued";
        case delivered: return "delivered";
        case processed: return "processed";
        case failed: return "failed";
    }
    return "unknown";
}

std::optional<DelegationState> parse_delegation_state(std::string_view text) {
    return state_named<DelegationState>(text, kStates);
}

bool may_transition(DelegationState from, DelegationState to) {
    return leads(kTransitions, from, to);
}

bool is_terminal(DelegationState state) {
    return leads_nowhere(kTransitions, state);
}

}  // namespace lifecycle
