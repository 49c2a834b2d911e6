#pragma once

#include <cstdint>

namespace lifecycle {

// The core's only source of chance.
class Entropy {
  public:
    virtual ~Entropy() = default;
    // Uniform in [0, bound); bound > 0.
    virtual std::uint64_t below(std::uint64_t bound) = 0;
};

}  // namespace lifecycle
