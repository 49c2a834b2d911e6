#pragma once

#include <cstdint>
#include <string>

#include "system/ports/time.hpp"

namespace lifecycle {

struct LifecycleOptions {
    std::string provider = "fly";   // recorded with each machine
    std::string region;             // for machines that ask for none; empty: the provider's choice
    std::string control_authority;  // host:port at which machines reach this control plane
    std::uint16_t daemon_port = 8080;  // on which every machine's daemon listens

    // A machine that is not active this long after it was asked for has failed.
    Duration become_active_within = std::chrono::minutes(20);
    // How long a replaced machine keeps its resource, for whoever still needs it.
    Duration detached_grace = std::chrono::hours(4);
    // How long a request that got no answer may still take effect at the provider.
    Duration late_effect_grace = std::chrono::minutes(5);
    // How long a resource that was just created may be invisible.
    Duration visibility_grace = std::chrono::seconds(30);
    Duration probe_timeout = std::chrono::seconds(5);
    Duration proxy_timeout = std::chrono::seconds(10);
};

}  // namespace lifecycle
