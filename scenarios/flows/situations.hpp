#pragma once

#include <string>
#include <vector>

#include "scenarios/flows/final_states.hpp"
#include "scenarios/flows/lone_lifecycle.hpp"
#include "sim/world/awaitable.hpp"

namespace scenarios {

// What is played on a lone lifecycle, in a project of its own, until nothing is left to be done.
struct Situation {
    const char* name = "";
    const char* sentence = "";
    bool mounts = false;  // its machines have a volume
    sim::Coroutine (*prelude)(LoneLifecycle*,
                              std::string project) = nullptr;  // in which nothing is odd
    sim::Coroutine (*play)(LoneLifecycle*, std::string project) = nullptr;
    const FinalStates& ends;
    bool any_call = true;  // comes out oddly; else none does
};

const std::vector<Situation>& situations();

}  // namespace scenarios
