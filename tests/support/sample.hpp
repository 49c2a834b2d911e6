#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/world/hash.hpp"

namespace tests {

// Whether this is a run of the suite that samples: `./dev test` without --full.
inline bool is_sampled() {
    return std::getenv("VIVARIUM_SAMPLE") != nullptr;
}

// What one run of the suite does of the numbers from first to last, in rising order: `count` of
// them, chosen by the commit that VIVARIUM_SAMPLE names, which `./dev test` sets; all of them where
// it is not set, as in `./dev test --full`. `what` keeps the choices of several tests apart.
inline std::vector<std::uint64_t> sample(std::string_view what, std::uint64_t first,
                                         std::uint64_t last, std::size_t count) {
    const char* commit = std::getenv("VIVARIUM_SAMPLE");
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranked;
    for (std::uint64_t number = first; number <= last; ++number) {
        const std::uint64_t rank =
            commit == nullptr ? 0 : sim::combine(sim::combine(sim::hash(commit), what), number);
        ranked.emplace_back(rank, number);
    }
    std::sort(ranked.begin(), ranked.end());
    if (commit != nullptr && ranked.size() > count) ranked.resize(count);
    std::vector<std::uint64_t> chosen;
    for (const auto& [rank, number] : ranked) chosen.push_back(number);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace tests
