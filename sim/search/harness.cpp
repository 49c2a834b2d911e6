#include "sim/search/harness.hpp"

#include <algorithm>

#include "sim/search/session.hpp"

namespace sim::search {

std::vector<Promise> Harness::promises() const {
    std::vector<Promise> all = properties;
    all.push_back({std::string(kRunCompletes),
                   "A run comes to its end within its time and number of steps, and no exception "
                   "ends it."});
    return all;
}

bool Harness::may_break(std::string_view property) const {
    if (properties.empty()) return true;
    const std::vector<Promise> all = promises();
    return std::ranges::find(all, property, &Promise::name) != all.end();
}

}  // namespace sim::search
