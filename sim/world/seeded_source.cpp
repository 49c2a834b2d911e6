#include "sim/world/seeded_source.hpp"

#include "sim/world/hash.hpp"

namespace sim {
namespace {

constexpr std::uint64_t kUniform = ~std::uint64_t{0};

// That share of the whole range of 64-bit words, saturating.
std::uint64_t threshold_of(std::uint64_t numerator, std::uint64_t denominator) {
    if (numerator >= denominator) return kUniform - 1;
    return (kUniform / denominator) * numerator;
}

std::uint64_t choice_threshold(std::uint64_t seed, const LaneKind& kind) {
    const std::uint64_t temper = scale(mix(combine(seed ^ 0x63686f69ULL, kind.name)), 4);
    return temper == 0 ? threshold_of(1, 20) : kUniform;
}

}  // namespace

bool FaultSwitches::on(std::string_view kind) const {
    if (matches_kind(without, kind)) return false;
    return only.empty() || matches_kind(only, kind);
}

std::uint64_t SeededSource::fault_threshold(const LaneKind& kind) const {
    if (!options_.switches.on(kind.name)) return 0;
    // Rates are multiplied in thousandths, so that no rounding depends on the processor.
    const auto factor = static_cast<std::uint64_t>(options_.switches.rate * 1000);
    const std::uint64_t numerator = kind.rate_numerator * factor;
    const std::uint64_t denominator = kind.rate_denominator * 1000ULL;
    if (!options_.swarm) return threshold_of(numerator, denominator);
    const std::uint64_t temper = scale(mix(combine(seed_ ^ 0x7377726dULL, kind.name)), 16);
    // A kind that is the only one asked for exists in every run.
    if (temper < 6 && options_.switches.only.empty()) return 0;
    if (temper < 9) return threshold_of(numerator, denominator * 4);  // rare
    if (temper < 13) return threshold_of(numerator, denominator);     // usual
    return threshold_of(numerator * 4, denominator);                  // often
}

std::uint64_t SeededSource::open(std::string_view lane, const LaneKind& kind) {
    const std::uint64_t state = combine(mix(seed_), lane);
    const std::uint64_t threshold = kind.fault       ? fault_threshold(kind)
                                    : options_.swarm ? choice_threshold(seed_, kind)
                                                     : kUniform;
    streams_.push_back({state, threshold});
    return streams_.size() - 1;
}

std::uint64_t SeededSource::choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) {
    const Stream& stream = streams_[handle];
    if (stream.threshold == 0) return 0;
    const std::uint64_t word = mix(stream.state + index * 0x9e3779b97f4a7c15ULL);
    if (stream.threshold == kUniform) return scale(word, bound);
    if (word >= stream.threshold) return 0;
    return 1 + scale(mix(word ^ stream.state), bound - 1);
}

}  // namespace sim
