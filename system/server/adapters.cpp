#include "system/server/adapters.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <fstream>
#include <utility>

namespace lifecycle::server {

struct RealClock::Timer {
    explicit Timer(boost::asio::io_context& context, std::move_only_function<void()> run)
        : waiting(context), callback(std::move(run)) {}
    boost::asio::steady_timer waiting;
    std::move_only_function<void()> callback;
};

RealClock::RealClock(boost::asio::io_context& context) : context_(context) {
    // A new one with each start of the host, from which the steady clock counts.
    std::ifstream("/proc/sys/kernel/random/boot_id") >> origin_;
}

RealClock::~RealClock() = default;

Time RealClock::wall() const {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

SteadyTime RealClock::steady() const {
    const auto reading = std::chrono::steady_clock::now().time_since_epoch();
    return SteadyTime(std::chrono::floor<Duration>(reading));
}

TimerId RealClock::schedule(Time when, std::move_only_function<void()> callback) {
    const std::uint64_t id = ++last_;
    auto timer = std::make_shared<Timer>(context_, std::move(callback));
    timers_[id] = timer;
    timer->waiting.expires_after(when - now());
    // Cancelled means expedited: the callback runs either way. The waiting handler holds the timer.
    timer->waiting.async_wait([this, id, timer](const boost::system::error_code&) {
        timers_.erase(id);
        auto run = std::move(timer->callback);
        run();
    });
    return TimerId{id};
}

void RealClock::expedite(TimerId timer) {
    const auto found = timers_.find(static_cast<std::uint64_t>(timer));
    if (found != timers_.end()) found->second->waiting.cancel();
}

std::uint64_t RealEntropy::below(std::uint64_t bound) {
    // Words in the last, incomplete multiple of the bound would favour small numbers.
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
    for (;;) {
        const std::uint64_t high = device_();
        const std::uint64_t low = device_();
        const std::uint64_t word = (high << 32) | low;
        if (word < limit) return word % bound;
    }
}

}  // namespace lifecycle::server
