#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lifecycle {

// What the outbox tells of an event: that a worker took it, or what came of that.
enum class OutboxStep : std::uint8_t { claimed, done, retry, later, dead, lease_lost };

// The name under which it is told: "outbox.claimed".
std::string_view to_text(OutboxStep step);

// Nothing for what is told by others.
std::optional<OutboxStep> parse_outbox_step(std::string_view told);

}  // namespace lifecycle
