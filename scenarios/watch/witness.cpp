#include "scenarios/watch/witness.hpp"

#include <algorithm>

#include "sim/net/network.hpp"

namespace scenarios {

bool Ending::doubled_requests() const {
    return std::ranges::find(faults, sim::kDuplicateRequest, &sim::LaneKind::name) != faults.end();
}

}  // namespace scenarios
