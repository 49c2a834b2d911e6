#pragma once

#include <cstddef>
#include <cstdint>

namespace lifecycle {

// Why a provider is asked, which decides whose turn it is when more is asked than it takes.
enum class CallClass : std::uint8_t {
    person,        // somebody waits for the answer
    healing,       // a machine in service may be broken
    provisioning,  // machines and volumes that are made or destroyed
    probing,       // where a daemon is that is to be asked
    sweeping,      // comparing everything with everything
};
inline constexpr std::size_t kCallClasses = 5;

}  // namespace lifecycle
