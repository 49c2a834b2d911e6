#include "scenarios/flows/project_model.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace scenarios {

using lifecycle::ErrorCode;
using lifecycle::MachineState;

ProjectModel::Machine* ProjectModel::find(MachineState state) {
    const auto found = std::ranges::find(machines_, state, &Machine::state);
    return found == machines_.end() ? nullptr : &*found;
}

ProjectModel::Answer ProjectModel::create(bool with_volume) {
    exists_ = true;
    archived_ = false;
    return ask(with_volume);
}

ProjectModel::Answer ProjectModel::roll() {
    if (archived_ || machines_.empty()) return {ErrorCode::conflict};
    return ask(waiting_.value_or(machines_.back().mounts));
}

ProjectModel::Answer ProjectModel::ask(bool with_volume) {
    has_volume_ = has_volume_ || with_volume;
    const Machine* ahead = find(MachineState::starting);
    // Who waits for the active one to have served for a while is not overtaken.
    if (ahead == nullptr && waiting_) ahead = find(MachineState::active);
    if (ahead != nullptr) {
        waiting_ = with_volume;
        return {{}, ahead->generation, true};
    }
    return {{}, begin(with_volume).generation};
}

// A volume is mounted by one at a time: whoever has it has to go.
ProjectModel::Machine& ProjectModel::begin(bool with_volume) {
    waiting_.reset();
    for (Machine& older : machines_) {
        if (with_volume && older.mounts && older.state == MachineState::active) {
            older.state = MachineState::detached;
        }
    }
    machines_.push_back({newest() + 1, MachineState::starting, with_volume});
    return machines_.back();
}

void ProjectModel::begin_waiting() {
    if (waiting_ && find(MachineState::starting) == nullptr) begin(*waiting_);
}

ProjectModel::Answer ProjectModel::recreate(std::optional<std::int64_t> instead_of) {
    if (archived_) return {ErrorCode::conflict};
    if (instead_of && (*instead_of < 1 || *instead_of > newest())) return {ErrorCode::not_found};
    if (const Machine* next = find(MachineState::starting)) return {{}, next->generation, true};
    const Machine* active = find(MachineState::active);
    if (instead_of && active == nullptr) return {ErrorCode::conflict};
    if (instead_of && active->generation != *instead_of) return {{}, active->generation, true};
    Answer made = roll();
    if (made.refused) return made;
    begin_waiting();
    if (const Machine* next = find(MachineState::starting)) return {{}, next->generation};
    return {{}, made.generation};
}

ProjectModel::Answer ProjectModel::retire(std::int64_t generation) {
    if (generation < 1 || generation > newest()) return {ErrorCode::not_found};
    Machine& machine = machines_[static_cast<std::size_t>(generation - 1)];
    if (machine.state == MachineState::failed) return {ErrorCode::conflict};
    if (machine.state == MachineState::starting || machine.state == MachineState::active) {
        machine.state = MachineState::detached;
        begin_waiting();
    }
    return {{}, generation};
}

ProjectModel::Answer ProjectModel::restart(std::int64_t generation) {
    if (generation < 1 || generation > newest()) return {ErrorCode::not_found};
    const Machine& machine = machines_[static_cast<std::size_t>(generation - 1)];
    if (machine.state != MachineState::active) return {ErrorCode::conflict};
    return {{}, generation};
}

ProjectModel::Answer ProjectModel::archive() {
    if (!exists_) return {ErrorCode::not_found};
    waiting_.reset();
    for (Machine& machine : machines_) {
        if (lifecycle::may_transition(machine.state, MachineState::detached)) {
            machine.state = MachineState::detached;
        }
    }
    has_volume_ = false;
    archived_ = true;
    return {{}, newest()};
}

bool ProjectModel::start_one() {
    Machine* next = find(MachineState::starting);
    if (next == nullptr) return false;
    for (Machine& older : machines_) {
        if (older.state == MachineState::active) older.state = MachineState::detached;
    }
    next->state = MachineState::active;
    // A machine with a volume serves for a while before the next may take that.
    if (waiting_ && !(*waiting_ && next->mounts)) begin_waiting();
    return true;
}

void ProjectModel::start_all() {
    // It has served for long enough by now.
    begin_waiting();
    while (start_one()) {
    }
}

void ProjectModel::settle() {
    do {
        start_all();
    } while (waiting_);
}

std::string_view ProjectModel::told(MachineState state) {
    const bool over = state == MachineState::detached || state == MachineState::archived;
    return over ? "over" : to_string(state);
}

std::string ProjectModel::told() const {
    std::string said = archived_ ? "archived" : "there";
    for (const Machine& machine : machines_) said += fmt::format(", {}", told(machine.state));
    if (waiting_) said += *waiting_ ? ", one with a volume waits" : ", one waits";
    if (has_volume_) said += ", volume";
    return said;
}

}  // namespace scenarios
