#include "sim/seeded_source.hpp"

#include "sim/hash.hpp"

namespace sim {
namespace {

constexpr std::uint64_t kUniform = ~std::uint64_t{0};

// numerator / denominator of the whole range of 64-bit words, saturating.
std::uint64_t threshold_of(std::uint64_t numerator, std::uint64_t denominator) {
    if (numerator >= denominator) return kUniform - 1;
    return (kUniform / denominator) * numerator;
}

std::uint64_t fault_threshold(std::uint64_t seed, const LaneKind& kind) {
    const std::uint64_t temper = scale(mix(combine(seed ^ 0x7377726dULL, kind.name)), 16);
    if (temper < 6) return 0;  // absent
    if (temper < 9) return threshold_of(kind.rate_numerator, kind.rate_denominator * 4ULL);  // rare
    if (temper < 13) return threshold_of(kind.rate_numerator, kind.rate_denominator);  // usual
    return threshold_of(kind.rate_numerator * 4ULL, kind.rate_denominator);            // often
}

std::uint64_t choice_threshold(std::uint64_t seed, const LaneKind& kind) {
    const std::uint64_t temper = scale(mix(combine(seed ^ 0x63686f69ULL, kind.name)), 4);
    return temper == 0 ? threshold_of(1, 20) : kUniform;
}

}  // namespace

std::uint64_t SeededSource::open(std::string_view lane, const LaneKind& kind) {
    const std::uint64_t state = combine(mix(seed_), lane);
    const std::uint64_t threshold =
        kind.fault ? fault_threshold(seed_, kind) : choice_threshold(seed_, kind);
    streams_.push_back({state, threshold});
    return streams_.size() - 1;
}

std::uint64_t SeededSource::choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) {
    const Stream& stream = streams_[handle];
    const std::uint64_t word = mix(stream.state + index * 0x9e3779b97f4a7c15ULL);
    if (stream.threshold == kUniform) return scale(word, bound);
    if (word >= stream.threshold) return 0;
    return 1 + scale(mix(word ^ stream.state), bound - 1);
}

}  // namespace sim
