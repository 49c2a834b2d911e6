#include "system/model/delegation.hpp"

#include <algorithm>
#include <array>
#include <utility>

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
    for (const DelegationState state : kStates) {
        if (to_string(state) == text) return state;
    }
    return std::nullopt;
}

bool may_transition(DelegationState from, DelegationState to) {
    return std::find(kTransitions.begin(), kTransitions.end(), std::pair(from, to)) !=
           kTransitions.end();
}

bool is_terminal(DelegationState state) {
    return std::none_of(kTransitions.begin(), kTransitions.end(),
                        [&](const auto& transition) { return transition.first == state; });
}

}  // namespace lifecycle
