#include "scenarios/watch/rest.hpp"

#include <algorithm>
#include <ranges>

#include "fakes/cloud.hpp"
#include "system/model/delegation.hpp"
#include "system/model/machine.hpp"
#include "system/model/provider_resource.hpp"
#include "system/model/volume.hpp"

namespace scenarios {
namespace {

using lifecycle::MachineState;
using lifecycle::ResourceRecordState;
using lifecycle::VolumeState;

bool is_settled(const lifecycle::Machine& machine) {
    return machine.state == MachineState::active || lifecycle::is_terminal(machine.state);
}

// A superseded one stays for as long as something depends on it.
bool is_settled(const lifecycle::VolumeRow& volume) {
    return volume.state == VolumeState::present || volume.state == VolumeState::superseded ||
           volume.state == VolumeState::gone;
}

bool is_settled(const lifecycle::ProviderResource& resource) {
    return resource.state != ResourceRecordState::asked;
}

bool is_settled(const lifecycle::Delegation& delegation) {
    return lifecycle::is_terminal(delegation.state);
}

bool is_settled(const EventRow& event) {
    return event.state != "pending";
}

bool all_settled(const auto& rows) {
    return std::ranges::all_of(rows | std::views::values,
                               [](const auto& row) { return is_settled(row); });
}

// Whether the rows say that it is there.
bool is_known(const Shadow& shadow, const fakes::CloudMachine& machine) {
    const auto named = machine.labels.find("vivarium_machine");
    if (named == machine.labels.end()) return false;
    const auto resource = shadow.resources().find(named->second);
    return resource != shadow.resources().end() &&
           resource->second.state == ResourceRecordState::present &&
           resource->second.external_id == machine.id;
}

}  // namespace

bool nothing_is_open(const Shadow& shadow) {
    const auto stray = [&](const fakes::CloudMachine& machine) {
        return shadow.owns(machine.labels) && !is_known(shadow, machine);
    };
    return all_settled(shadow.events()) && all_settled(shadow.machines()) &&
           all_settled(shadow.volumes()) && all_settled(shadow.resources()) &&
           all_settled(shadow.delegations()) && shadow.waiting().empty() &&
           shadow.quarantine().empty() && std::ranges::none_of(shadow.clouds().inventory(), stray);
}

}  // namespace scenarios
