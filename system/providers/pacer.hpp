#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "system/ports/clock.hpp"
#include "system/ports/suspend.hpp"
#include "system/providers/call_class.hpp"

namespace lifecycle {

// Keeps calls within the limits that a provider sets for each action on each identifier: a bucket
// that starts full with `burst` and gains `per_second`. Calls that have to wait do so in a bounded
// queue for each class. Whenever a call may go, classes have it in shares, so that a crowd of one
// class slows the others but cannot starve them; within a class they go in the order in which they
// came.
class Pacer {
  public:
    explicit Pacer(Clock& clock) : clock_(clock) {}
    Pacer(const Pacer&) = delete;
    Pacer& operator=(const Pacer&) = delete;

    // How many calls of one class may wait for one bucket.
    static constexpr std::size_t kMaxWaiting = 64;

    // Returns when the call may be sent; or at once, with how long to stay away, if too many wait.
    boost::asio::awaitable<std::expected<void, Duration>> turn(CallClass call_class,
                                                               std::string action, std::string id,
                                                               std::int64_t per_second,
                                                               std::int64_t burst);

  private:
    using Key = std::pair<std::string, std::string>;
    using Turn = Resume<bool>;
    struct Queue {
        std::deque<Turn> waiting;
        std::int64_t served = 0;  // what its turns have cost so far: the least goes next
    };
    struct Bucket {
        Duration each{0};   // in which it gains one call
        Duration burst{0};  // in which it gains all
        SteadyTime full{};  // when it will be full again
        std::array<Queue, kCallClasses> queues;
        std::int64_t served = 0;  // of the class that went last
        std::size_t waiting = 0;
    };

    // How long until the bucket has a call.
    static Duration wait_for(const Bucket& bucket, SteadyTime now);
    static void take(Bucket& bucket, SteadyTime now);
    static Turn next(Bucket& bucket);
    void wake_later(Key key, const Bucket& bucket, SteadyTime now);
    void serve(const Key& key);
    void forget_full(SteadyTime now);

    Clock& clock_;
    std::map<Key, Bucket> buckets_;
    // A clock may outlive us, and call back.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lifecycle
