#include "system/providers/pacer.hpp"

#include <algorithm>
#include <vector>

namespace lifecycle {
namespace {

// What a turn costs a class: the more, the smaller its share. In the order of CallClass.
constexpr std::array<std::int64_t, kCallClasses> kCosts = {4, 3, 3, 6, 12};

}  // namespace

boost::asio::awaitable<std::expected<void, Duration>> Pacer::turn(CallClass call_class,
                                                                  std::string action,
                                                                  std::string id,
                                                                  std::int64_t per_second,
                                                                  std::int64_t burst) {
    const SteadyTime now = clock_.steady();
    constexpr std::size_t kMany = 1024;
    if (buckets_.size() > kMany) forget_full(now);
    Key key(std::move(action), std::move(id));
    Bucket& bucket = buckets_[key];
    bucket.each = Duration(std::chrono::seconds(1)) / per_second;
    bucket.burst = bucket.each * burst;
    if (bucket.waiting == 0 && wait_for(bucket, now).count() <= 0) {
        take(bucket, now);
        co_return std::expected<void, Duration>();
    }
    Queue& queue = bucket.queues[static_cast<std::size_t>(call_class)];
    if (queue.waiting.size() >= kMaxWaiting) {
        co_return std::unexpected(bucket.each * static_cast<std::int64_t>(bucket.waiting));
    }
    // Who comes back after a rest has no claim on the turns of meanwhile.
    if (queue.waiting.empty()) queue.served = std::max(queue.served, bucket.served);
    if (bucket.waiting++ == 0) wake_later(std::move(key), bucket, now);
    std::move_only_function<void(Turn)> start = [&queue](Turn turn) {
        queue.waiting.push_back(std::move(turn));
    };
    const bool given = co_await suspend<bool>(std::move(start));
    static_cast<void>(given);
    co_return std::expected<void, Duration>();
}

Duration Pacer::wait_for(const Bucket& bucket, SteadyTime now) {
    return std::max(bucket.full, now) + bucket.each - now - bucket.burst;
}

void Pacer::take(Bucket& bucket, SteadyTime now) {
    bucket.full = std::max(bucket.full, now) + bucket.each;
}

Pacer::Turn Pacer::next(Bucket& bucket) {
    Queue* chosen = nullptr;
    std::size_t number = 0;
    for (std::size_t i = 0; i < kCallClasses; ++i) {
        Queue& queue = bucket.queues[i];
        if (queue.waiting.empty() || (chosen != nullptr && chosen->served <= queue.served)) {
            continue;
        }
        chosen = &queue;
        number = i;
    }
    chosen->served += kCosts[number];
    bucket.served = chosen->served;
    --bucket.waiting;
    Turn turn = std::move(chosen->waiting.front());
    chosen->waiting.pop_front();
    return turn;
}

void Pacer::wake_later(Key key, const Bucket& bucket, SteadyTime now) {
    clock_.schedule(clock_.now() + wait_for(bucket, now),
                    [this, key = std::move(key), alive = std::weak_ptr<bool>(alive_)] {
                        if (!alive.expired()) serve(key);
                    });
}

void Pacer::serve(const Key& key) {
    const SteadyTime now = clock_.steady();
    Bucket& bucket = buckets_.at(key);
    std::vector<Turn> turns;
    while (bucket.waiting > 0 && wait_for(bucket, now).count() <= 0) {
        take(bucket, now);
        turns.push_back(next(bucket));
    }
    if (bucket.waiting > 0) wake_later(key, bucket, now);
    for (Turn& turn : turns) turn(true);
}

void Pacer::forget_full(SteadyTime now) {
    std::erase_if(buckets_, [now](const auto& entry) {
        return entry.second.full <= now && entry.second.waiting == 0;
    });
}

}  // namespace lifecycle
