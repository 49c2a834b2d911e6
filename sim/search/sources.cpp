#include "sim/search/sources.hpp"

namespace sim::search {

std::unique_ptr<Source> seeded(std::uint64_t seed) {
    return make_source({}, seed);
}

std::unique_ptr<Source> seeded(std::uint64_t seed, const SearchPlan& plan) {
    return make_source(plan, seed);
}

std::unique_ptr<Source> recorded(const std::vector<Deviation>& deviations) {
    return std::make_unique<RecordedSource>(deviations);
}

std::unique_ptr<Source> calm_tape() {
    return std::make_unique<CalmSource>();
}

}  // namespace sim::search
