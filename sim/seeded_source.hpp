#pragma once

#include <cstdint>
#include <vector>

#include "sim/tape.hpp"

namespace sim {

// Deviations from a seed. Each lane has a stream of its own that depends on nothing but the seed
// and the lane's name, so a lane that is new, gone or drawn more often does not shift the others.
// Swarm: for each kind of fault the seed first decides whether it exists in this run at all and, if
// so, how often it strikes, so some runs are all crashes and some have only a slow network. Choices
// too come in two tempers: uniform, or mostly the default with rare deviations.
class SeededSource final : public Source {
  public:
    explicit SeededSource(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override;
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override;

  private:
    struct Stream {
        std::uint64_t state;
        std::uint64_t threshold;  // a word below it deviates; ~0 means a uniform choice
    };
    std::uint64_t seed_;
    std::vector<Stream> streams_;
};

}  // namespace sim
