#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "system/ports/telemetry.hpp"

namespace lifecycle {

// Counts what the core tells, and passes it on.
class Counters final : public Telemetry {
  public:
    // Name and labels: `provider_error_total`, `{class="busy",provider="fly"}`.
    using Key = std::pair<std::string, std::string>;

    explicit Counters(Telemetry& next) : next_(next) {}
    using Telemetry::record;
    void record(std::string_view name, std::span<const Fact> facts) override;

    const std::map<Key, std::uint64_t>& counts() const { return counts_; }

  private:
    Telemetry& next_;
    std::map<Key, std::uint64_t> counts_;
};

}  // namespace lifecycle
