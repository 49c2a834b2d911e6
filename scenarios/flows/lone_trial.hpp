#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "scenarios/flows/lone_lifecycle.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/world/awaitable.hpp"

namespace scenarios {

// Of a run that tries everything.
inline constexpr std::uint64_t kMaxLoneSteps = 10'000'000;

// What is played on a lone lifecycle, to its end, and judged by one property.
class LoneTrial : public sim::search::SimpleTrial {
  public:
    explicit LoneTrial(const char* property) : property_(property) {}

  protected:
    void begin() final;
    void judge() final { expect(ended_, property_, "not all was played"); }
    sim::Duration max_time() const final { return std::chrono::hours(100'000); }

    // What is heard of the lifecycle, and what it hears; bugs break the property in any case.
    virtual LoneLifecycle::Hooks hooks() { return {}; }
    virtual sim::Coroutine play() = 0;

    LoneLifecycle& lone() { return *lone_; }

    // To be called once something has been played. The baseline run tries all; where anything has
    // deviated by then, one of many parts.
    void choose_part();
    bool is_tried(std::size_t number) const { return !part_ || number % kParts == *part_; }

  private:
    static constexpr std::size_t kParts = 32;

    sim::Coroutine play_to_the_end();

    const char* property_;
    LoneLifecycle* lone_ = nullptr;
    std::optional<std::uint64_t> part_;  // nothing: all
    bool ended_ = false;
};

}  // namespace scenarios
