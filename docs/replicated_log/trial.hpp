#pragma once

#include "sim/search/harness.hpp"

namespace replicated_log {

// Three nodes and a client, with crashes and a network that may do anything.
const sim::search::Harness& harness();

}  // namespace replicated_log
