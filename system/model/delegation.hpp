#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lifecycle {

enum class DelegationState : std::uint8_t {
    queued,     // no daemon has taken it yet
    delivered,  // one has, which says nothing of whether it will be done
    processed,  // an agent said so
    failed,     // an agent said so, its time is up, or its project was given up
};
std::string_view to_string(DelegationState state);
std::optional<DelegationState> parse_delegation_state(std::string_view text);

// The one table of legal transitions. Nothing else decides.
bool may_transition(DelegationState from, DelegationState to);

// No transition leads out of it.
bool is_terminal(DelegationState state);

}  // namespace lifecycle
