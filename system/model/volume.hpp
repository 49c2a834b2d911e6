#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lifecycle {

enum class VolumeState : std::uint8_t {
    planned,     // the provider has not been asked for it, or said that it made nothing
    asked,       // it may exist, under its name
    present,     // it exists, and its id is known
    superseded,  // a copy of it is the project's volume; kept until nothing depends on it any more
    leaving,     // given up: to be destroyed
    gone,        // the provider confirmed that nothing is left of it
};
std::string_view to_string(VolumeState state);
std::optional<VolumeState> parse_volume_state(std::string_view text);

// The one table of legal transitions. Nothing else decides.
bool may_transition(VolumeState from, VolumeState to);

// It is the one that its project's machines mount, or are going to.
bool is_current(VolumeState state);

// It may hold what a project must not lose.
bool is_kept(VolumeState state);

}  // namespace lifecycle
