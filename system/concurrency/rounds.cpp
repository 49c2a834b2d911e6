#include "system/concurrency/rounds.hpp"

namespace lifecycle {

boost::asio::awaitable<void> Rounds::rest_whatever_comes(Duration duration) {
    const Time until = clock_.now() + duration;
    while (!stopped_ && clock_.now() < until) {
        const bool woken = co_await signal_.wait_until(until);
        static_cast<void>(woken);
    }
}

void Rounds::stop() {
    stopped_ = true;
    signal_.raise();
}

}  // namespace lifecycle
