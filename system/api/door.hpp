#pragma once

#include <cstdint>

namespace lifecycle {

// By which of our addresses a request came in. Boxes are strangers' programs: their door leads to
// nothing but what boxes need.
enum class Door : std::uint8_t { clients, boxes };

}  // namespace lifecycle
