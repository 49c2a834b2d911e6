#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lifecycle {

// What is known of a name that a provider was asked for.
enum class ResourceRecordState : std::uint8_t {
    asked,    // it may exist
    present,  // it exists, and its id is known
    gone,     // the provider confirmed that nothing has it
};
std::string_view to_string(ResourceRecordState state);
std::optional<ResourceRecordState> parse_resource_record_state(std::string_view text);

// The one table of legal transitions. Nothing else decides.
bool may_transition(ResourceRecordState from, ResourceRecordState to);

}  // namespace lifecycle
