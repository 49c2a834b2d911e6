#include "scenarios/sources.hpp"

#include "sim/seeded_source.hpp"

namespace scenarios {

std::unique_ptr<sim::Source> seeded(std::uint64_t seed) {
    return std::make_unique<sim::SeededSource>(seed);
}

std::unique_ptr<sim::Source> recorded(const std::vector<sim::Deviation>& deviations) {
    return std::make_unique<sim::RecordedSource>(deviations);
}

std::unique_ptr<sim::Source> calm_tape() {
    return std::make_unique<sim::CalmSource>();
}

}  // namespace scenarios
