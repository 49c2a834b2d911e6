#include "system/providers/pacer.hpp"

#include <algorithm>

#include "system/ports/suspend.hpp"

namespace lifecycle {

boost::asio::awaitable<void> Pacer::turn(std::string action, std::string id,
                                         std::int64_t per_second, std::int64_t burst) {
    const Time now = clock_.now();
    // A clock that was set back says nothing about how long ago the last call was.
    if (now < last_) buckets_.clear();
    last_ = now;
    constexpr std::size_t kMany = 1024;
    if (buckets_.size() > kMany) forget_full(now);
    const Duration each = Duration(std::chrono::seconds(1)) / per_second;
    Full& full = buckets_[{std::move(action), std::move(id)}];
    full = std::max(full, now) + each;
    const Duration wait = full - now - each * burst;
    if (wait.count() <= 0) co_return;
    std::move_only_function<void(Resume<bool>)> start = [this,
                                                         until = now + wait](Resume<bool> resume) {
        clock_.schedule(until, [wake = std::move(resume)]() mutable { wake(true); });
    };
    const bool woken = co_await suspend<bool>(std::move(start));
    static_cast<void>(woken);
}

void Pacer::forget_full(Time now) {
    std::erase_if(buckets_, [now](const auto& bucket) { return bucket.second <= now; });
}

}  // namespace lifecycle
