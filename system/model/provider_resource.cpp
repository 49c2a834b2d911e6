#include "system/model/provider_resource.hpp"

#include <array>
#include <utility>

#include "system/model/states.hpp"

namespace lifecycle {
namespace {

using enum ResourceRecordState;

constexpr std::array kStates = {asked, present, gone};

constexpr std::array<std::pair<ResourceRecordState, ResourceRecordState>, 3> kTransitions = {{
    {asked, present},  // the provider's answer, or a look that found it
    {asked, gone},     // it never came to be
    {present, gone},
}};

}  // namespace

std::string_view to_string(ResourceRecordState state) {
    switch (state) {
        case asked: return "asked";
        case present: return "present";
        case gone: return "gone";
    }
    return "unknown";
}

std::optional<ResourceRecordState> parse_resource_record_state(std::string_view text) {
    return state_named<ResourceRecordState>(text, kStates);
}

bool may_transition(ResourceRecordState from, ResourceRecordState to) {
    return leads(kTransitions, from, to);
}

}  // namespace lifecycle
