#include "system/concurrency/periodic_loop.hpp"

namespace lifecycle {

boost::asio::awaitable<void> PeriodicLoop::sleep_ignoring_wakeups(Duration duration) {
    const Time until = clock_.now() + duration;
    while (!stopped_ && clock_.now() < until) {
        const bool woken = co_await signal_.wait_until(until);
        static_cast<void>(woken);
    }
}

void PeriodicLoop::stop() {
    stopped_ = true;
    signal_.raise();
}

}  // namespace lifecycle
