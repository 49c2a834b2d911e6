#pragma once

#include <cstdint>

#include "sim/world/hash.hpp"
#include "sim/world/tape.hpp"

namespace scenarios {

// What a scenario does that makes up what it does: the calm run has a plan of its own, and each
// draw departs from it.
class Plan {
  public:
    explicit Plan(sim::Tape& tape) : tape_(tape), lane_(tape.lane("plan", sim::choice("plan"))) {}

    // In [0, bound); bound > 0.
    std::uint64_t pick(std::uint64_t bound) {
        const std::uint64_t usual = words_.below(bound);
        return (usual + tape_.draw(lane_, bound)) % bound;
    }
    // One of them.
    template <class List>
    const auto& of(const List& list) {
        return list[pick(std::size(list))];
    }

  private:
    sim::Tape& tape_;
    sim::LaneId lane_;
    sim::Words words_{0, "plan"};
};

}  // namespace scenarios
