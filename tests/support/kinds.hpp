#pragma once

#include <map>
#include <string>

#include "sim/search/search.hpp"
#include "sim/search/strategy.hpp"
#include "tests/support/catalog.hpp"

namespace tests {

// Of every kind that there is: the widest scenario has a lane for each.
inline std::map<std::string, sim::LaneKind> all_kinds() {
    std::map<std::string, sim::LaneKind> kinds;
    const auto profile = sim::search::calm_profile(scenario("storm"));
    for (const sim::search::Profile::Lane& lane : profile->lanes) {
        kinds.emplace(std::string(lane.kind.name), lane.kind);
    }
    return kinds;
}

}  // namespace tests
