#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "system/ports/clock.hpp"

namespace lifecycle {

// Keeps calls within the limits that a provider sets for each action on each identifier: a bucket
// that starts full with `burst` and gains `per_second`. Calls that have to wait go in the order in
// which they came.
class Pacer {
  public:
    explicit Pacer(Clock& clock) : clock_(clock) {}
    Pacer(const Pacer&) = delete;
    Pacer& operator=(const Pacer&) = delete;

    // Returns when the call may be sent.
    boost::asio::awaitable<void> turn(std::string action, std::string id, std::int64_t per_second,
                                      std::int64_t burst);

  private:
    // When the bucket will be full again. Later than now by more than a burst: calls wait.
    using Full = Time;
    void forget_full(Time now);

    Clock& clock_;
    Time last_{};
    std::map<std::pair<std::string, std::string>, Full> buckets_;
};

}  // namespace lifecycle
