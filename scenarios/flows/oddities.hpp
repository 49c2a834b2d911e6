#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "scenarios/flows/lone_lifecycle.hpp"
#include "scenarios/flows/plain_provider.hpp"
#include "system/ports/time.hpp"

namespace scenarios {

// In what way a call comes out otherwise than it should.
enum class Oddity : std::uint8_t {
    // It is refused.
    gone,
    conflict,
    busy,
    capacity_host,
    capacity_volume,
    capacity_region,
    volume_gone,
    throttled,
    throttled_for_long,
    not_yet,
    ambiguous,
    ambiguous_and_done,
    permanent,
    unknown,
    // A machine is described as what it is not.
    preparing,
    stopped,
    starting,
    started,
    stopping,
    failed,
    destroying,
    destroyed,
    in_unknown_state,
    partial,
    elsewhere,
    not_ours,
    of_another_volume,
    // A volume is.
    unusable,
    not_whole,
    out_of_reach,
    attached,
    attached_out_of_reach,
    // A list has less than there is, or more that cannot be read.
    hidden,
    unreadable,
    hidden_and_unreadable,
    // The daemon that is reached is not well.
    unwell,
    silent,
    // It comes out as it should, and while it is under way something happens.
    taken_over,  // another worker takes what is in hand
    retired,     // a person retires the machine that was asked for last
    archived,    // a person gives the project up
};
inline constexpr std::size_t kOddities = static_cast<std::size_t>(Oddity::archived) + 1;
std::string_view to_string(Oddity oddity);

// How long to stay away, says a provider that is asked too often.
inline constexpr lifecycle::Duration kThrottledFor = std::chrono::seconds(40);

constexpr bool happens_meanwhile(Oddity oddity) {
    return oddity >= Oddity::taken_over;
}

// It is about what is described, and so nothing where nothing is.
constexpr bool needs_something(Oddity oddity) {
    return oddity > Oddity::unknown && oddity <= Oddity::hidden;
}

// A set of them.
class Oddities {
  public:
    constexpr Oddities(std::initializer_list<Oddity> all) {
        for (const Oddity each : all) bits_ |= bit(each);
    }
    constexpr Oddities(Oddity first, Oddity last) {
        for (auto each = static_cast<int>(first); each <= static_cast<int>(last); ++each) {
            bits_ |= bit(static_cast<Oddity>(each));
        }
    }
    constexpr bool has(Oddity oddity) const { return (bits_ & bit(oddity)) != 0; }

  private:
    static constexpr std::uint64_t bit(Oddity oddity) {
        return std::uint64_t{1} << static_cast<unsigned>(oddity);
    }
    std::uint64_t bits_ = 0;
};

// Those that a call can show.
std::vector<Oddity> oddities_of(Call call);

Twist twist_of(Oddity oddity);
// Of the daemon that is found by the call.
Health health_of(Oddity oddity);

}  // namespace scenarios
