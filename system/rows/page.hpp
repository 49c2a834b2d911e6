#pragma once

#include <cstdint>

namespace lifecycle {

// A part of a list in a stable order: what comes behind `after`, in the list's own count, which is
// above 0 and only grows.
struct Page {
    std::int64_t after = 0;
    std::int64_t limit = 100;
};
inline constexpr std::int64_t kMaxPageLimit = 1000;

}  // namespace lifecycle
