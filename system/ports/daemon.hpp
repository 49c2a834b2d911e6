#pragma once

namespace lifecycle {

// What the control plane and the daemons of machines call each other's things.
inline constexpr const char* kHealthPath = "/healthz";

// By which a daemon says, in every answer to a health probe, which boot it is.
inline constexpr const char* kBootHeader = "X-Vivarium-Boot";

}  // namespace lifecycle
