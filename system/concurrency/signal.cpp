#include "system/concurrency/signal.hpp"

#include <utility>

#include "system/ports/suspend.hpp"

namespace lifecycle {

void Signal::raise() {
    raised_ = true;
    if (waiting_) clock_.expedite(*std::exchange(waiting_, std::nullopt));
}

boost::asio::awaitable<bool> Signal::wait_until(Time deadline) {
    if (!raised_) {
        // The clock alone holds the suspended coroutine: if the clock drops it, it is gone.
        std::move_only_function<void(Resume<bool>)> start = [this, deadline](Resume<bool> resume) {
            waiting_ = clock_.schedule(deadline,
                                       [resumed = std::move(resume)]() mutable { resumed(true); });
        };
        const bool woken = co_await suspend<bool>(std::move(start));
        static_cast<void>(woken);
        waiting_.reset();
    }
    co_return std::exchange(raised_, false);
}

boost::asio::awaitable<void> idle_for(Clock* clock, Duration duration) {
    Signal never(*clock);
    const bool woken = co_await never.wait_until(clock->now() + duration);
    static_cast<void>(woken);
}

}  // namespace lifecycle
