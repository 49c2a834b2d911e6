#pragma once

#include <string>
#include <vector>

#include "system/ports/time.hpp"

namespace lifecycle {

// What a machine is like that was asked for without saying so.
struct MachineDefaults {
    std::string provider = "fly";
    std::string region;  // empty: the provider's choice
    // In the order in which they are tried when one is full; empty: only the one asked for.
    std::vector<std::string> regions;
    // A machine that is not active this long after it was asked for has failed.
    Duration become_active_within = std::chrono::minutes(20);
};

// How long what is replaced, or may not be seen yet, is waited for.
struct Graces {
    // How long a replaced machine keeps its resource, for whoever still needs it.
    Duration detached = std::chrono::hours(4);
    // How long a machine serves at least before one that needs its volume may take its place; a
    // person who retires it, and its recreation, do not wait.
    Duration serve_at_least = std::chrono::minutes(5);
    // How long a request that got no answer may still take effect at the provider.
    Duration late_effect = std::chrono::minutes(5);
    // How long a resource that was just created may be invisible.
    Duration visibility = std::chrono::seconds(30);
};

}  // namespace lifecycle
