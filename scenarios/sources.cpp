#include "scenarios/sources.hpp"

namespace scenarios {

std::unique_ptr<sim::Source> seeded(std::uint64_t seed) {
    return sim::make_source({}, seed);
}

std::unique_ptr<sim::Source> seeded(std::uint64_t seed, const sim::SearchPlan& plan) {
    return sim::make_source(plan, seed);
}

std::unique_ptr<sim::Source> recorded(const std::vector<sim::Deviation>& deviations) {
    return std::make_unique<sim::RecordedSource>(deviations);
}

std::unique_ptr<sim::Source> calm_tape() {
    return std::make_unique<sim::CalmSource>();
}

}  // namespace scenarios
