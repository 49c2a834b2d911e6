#include "system/model/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "system/model/states.hpp"

namespace lifecycle {
namespace {

using enum MachineState;

constexpr std::array kStates = {starting, active, detached, archived, failed};
constexpr std::array kDaemonStatuses = {DaemonStatus::silent, DaemonStatus::booting,
                                        DaemonStatus::ready};

constexpr std::array<std::pair<MachineState, MachineState>, 5> kTransitions = {{
    {starting, active},    // the readiness probe passed
    {starting, failed},    // provisioning, boot or probe gave up
    {starting, detached},  // retired, or replaced before it was ready
    {active, detached},    // retired, or replaced by a newer machine
    {detached, archived},  // its resource is confirmed gone
}};

}  // namespace

std::string_view to_string(MachineState state) {
    switch (state) {
        case starting: return "starting";
        case active: return "active";
        case detached: return "detached";
        case archived: return "archived";
        case failed: return "failed";
    }
    return "unknown";
}

std::optional<MachineState> parse_machine_state(std::string_view text) {
    return state_named<MachineState>(text, kStates);
}

bool may_transition(MachineState from, MachineState to) {
    return leads(kTransitions, from, to);
}

bool is_terminal(MachineState state) {
    return leads_nowhere(kTransitions, state);
}

std::string_view to_string(DaemonStatus status) {
    switch (status) {
        case DaemonStatus::silent: return "silent";
        case DaemonStatus::booting: return "booting";
        case DaemonStatus::ready: return "ready";
    }
    return "unknown";
}

std::optional<DaemonStatus> parse_daemon_status(std::string_view text) {
    return state_named<DaemonStatus>(text, kDaemonStatuses);
}

bool in_service(const Machine& machine) {
    return machine.state == MachineState::starting || machine.state == MachineState::active;
}

bool is_valid_project_id(std::string_view id) {
    if (id.empty() || id.size() > 40 || id.front() < 'a' || id.front() > 'z') return false;
    return std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

std::string machine_id(std::string_view project, std::int64_t generation) {
    return fmt::format("{}-{}", project, generation);
}

}  // namespace lifecycle
