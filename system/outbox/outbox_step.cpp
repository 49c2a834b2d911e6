#include "system/outbox/outbox_step.hpp"

#include <array>

namespace lifecycle {
namespace {

using enum OutboxStep;

constexpr std::array kSteps = {claimed, done, retry, later, dead, lease_lost};

}  // namespace

std::string_view to_text(OutboxStep step) {
    switch (step) {
        case claimed: return "outbox.claimed";
        case done: return "outbox.done";
        case retry: return "outbox.retry";
        case later: return "outbox.later";
        case dead: return "outbox.dead";
        case lease_lost: return "outbox.lease-lost";
    }
    return "unknown";
}

std::optional<OutboxStep> parse_outbox_step(std::string_view told) {
    for (const OutboxStep step : kSteps) {
        if (to_text(step) == told) return step;
    }
    return std::nullopt;
}

}  // namespace lifecycle
