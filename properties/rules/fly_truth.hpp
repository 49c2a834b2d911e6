#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/watch/witness.hpp"

namespace properties {

// One call about machines of one name, with the answer that it got.
struct FlyAction {
    enum class Verb : std::uint8_t { create, get, list, start, destroy, wait };
    enum class Answer : std::uint8_t {
        done,      // it took effect; for a read: it is there
        gone,      // read as destroyed or destroying
        missing,   // 404; for a list: not in it
        conflict,  // the name is taken by `id`
        refused,   // it took no effect and says nothing of the machine
        unknown,   // it may have taken effect
    };
    Verb verb = Verb::get;
    Answer answer = Answer::refused;
    std::string id;  // asked for, or answered; empty if unknown
};

// Fly's promise about one name, as a sequential specification: a name belongs to at most one
// machine that is not destroyed; reads never go back; what was destroyed never lives again.
struct FlyModel {
    struct State {
        std::string living;          // the id that has the name; empty: none
        bool dying = false;          // its destruction was asked for, and may be complete
        bool seen = false;           // a read has shown it, so none may miss it any more
        std::set<std::string> dead;  // ids that once had it
        auto operator<=>(const State&) const = default;
    };
    std::vector<State> next(const State& state, const FlyAction& action) const;
};

// What a call and its answer say; nothing if it is none about a machine. `id` of a request that
// names a machine is in the action.
std::optional<FlyAction> fly_action(const scenarios::ProviderCall& call);

// The histories of all names in a run are linearizable.
std::unique_ptr<Property> fly_truth();

}  // namespace properties
