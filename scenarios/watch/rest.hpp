#pragma once

#include "scenarios/watch/shadow.hpp"

namespace scenarios {

// Nothing is left that the control plane has to do: no event waits, no machine, volume or work is
// on its way, nobody waits for a machine, nothing is in quarantine, and of what is ours the clouds
// have nothing that the rows do not know.
bool nothing_is_open(const Shadow& shadow);

}  // namespace scenarios
