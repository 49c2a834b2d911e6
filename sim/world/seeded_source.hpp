#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/tape.hpp"

namespace sim {

// Which kinds of faults a seed may make strike: see matches_kind().
struct FaultSwitches {
    std::vector<std::string> only;     // none: all
    std::vector<std::string> without;  // stronger than `only`
    double rate = 1;                   // multiplies the rate of every kind
    bool on(std::string_view kind) const;
};

// How much a seed varies from run to run.
struct SeededOptions {
    // Swarm: for each kind of fault the seed first decides whether it exists in this run at all
    // and, if so, how often it strikes, so some runs are all crashes and some have only a slow
    // network. Choices too come in two tempers: uniform, or mostly the default. Without it every
    // kind strikes at its own rate and every choice is uniform.
    bool swarm = true;
    FaultSwitches switches;
};

// Deviations from a seed. Each lane has a stream of its own that depends on nothing but the seed
// and the lane's name, so a lane that is new, gone or drawn more often does not shift the others.
class SeededSource final : public Source {
  public:
    explicit SeededSource(std::uint64_t seed, SeededOptions options = {})
        : seed_(seed), options_(std::move(options)) {}
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override;
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override;

  private:
    std::uint64_t fault_threshold(const LaneKind& kind) const;

    struct Stream {
        std::uint64_t state;
        std::uint64_t threshold;  // a word below it deviates; ~0 means a uniform choice
    };
    std::uint64_t seed_;
    SeededOptions options_;
    std::vector<Stream> streams_;
};

}  // namespace sim
