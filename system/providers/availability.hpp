#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"

namespace lifecycle {

// Whether a provider answers, as far as the calls of this process tell. One that no call was made
// to lately is as it was at the last.
class Availability {
  public:
    // Calls in a row that brought no answer, from which on the provider counts as out of reach: one
    // or two fail at times.
    static constexpr std::int64_t kMaxUnanswered = 3;

    // Any status below 500 is an answer, a refusal too.
    void note_answer(SteadyTime now) {
        unanswered_ = 0;
        answered_at_ = now;
    }
    // A call was refused, broke, took too long, met no trusted host, or a server error.
    void note_failure(std::string_view why, SteadyTime now) {
        if (unanswered_++ == 0) failing_since_ = now;
        last_failure_ = why;
    }

    // Since the first of the calls that failed; nothing: it is in reach, as far as is known.
    std::optional<SteadyTime> out_of_reach_since() const {
        if (unanswered_ < kMaxUnanswered) return std::nullopt;
        return failing_since_;
    }
    // Nothing: it never did.
    std::optional<SteadyTime> answered_at() const { return answered_at_; }
    // Why the last call that failed did so; empty: none has.
    const std::string& last_failure() const { return last_failure_; }

  private:
    std::int64_t unanswered_ = 0;
    SteadyTime failing_since_{};
    std::optional<SteadyTime> answered_at_;
    std::string last_failure_;
};

}  // namespace lifecycle
