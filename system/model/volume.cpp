#include "system/model/volume.hpp"

#include <array>
#include <utility>

#include "system/model/states.hpp"

namespace lifecycle {
namespace {

using enum VolumeState;

constexpr std::array kStates = {planned, asked, present, superseded, leaving, gone};

constexpr std::array<std::pair<VolumeState, VolumeState>, 11> kTransitions = {{
    {planned, asked},       // the provider is about to be asked
    {planned, present},     // it was there already, under its name
    {asked, planned},       // the provider refused, and made nothing
    {asked, present},       // the provider's answer, or a look that found it
    {present, superseded},  // a copy takes its place
    {superseded, present},  // the copy came to nothing
    {planned, leaving},     // each of these: the project needs it no longer
    {asked, leaving},
    {present, leaving},
    {superseded, leaving},
    {leaving, gone},  // the provider confirmed it
}};

}  // namespace

std::string_view to_string(VolumeState state) {
    switch (state) {
        case planned: return "planned";
        case asked: return "asked";
        case present: return "present";
        case superseded: return "superseded";
        case leaving: return "leaving";
        case gone: return "gone";
    }
    return "unknown";
}

std::optional<VolumeState> parse_volume_state(std::string_view text) {
    return state_named<VolumeState>(text, kStates);
}

bool may_transition(VolumeState from, VolumeState to) {
    return leads(kTransitions, from, to);
}

bool is_current(VolumeState state) {
    return state == planned || state == asked || state == present;
}

bool is_kept(VolumeState state) {
    return is_current(state) || state == superseded;
}

}  // namespace lifecycle
