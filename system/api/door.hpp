#pragma once

#include <cstddef>
#include <cstdint>

namespace lifecycle {

// By which of our addresses a request came in. Boxes are strangers' programs: their door leads to
// nothing but what boxes need.
enum class Door : std::uint8_t { clients, boxes };

// The longest body, in bytes, of every request but a push.
inline constexpr std::size_t kMaxBodyBytes = std::size_t{1} << 20;

// Of a push, where webhooks are switched on.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads ("capped at 25 MB")
inline constexpr std::size_t kMaxPushBytes = std::size_t{25} << 20;

}  // namespace lifecycle
