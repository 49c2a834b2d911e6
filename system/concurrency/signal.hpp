#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "system/ports/clock.hpp"

namespace lifecycle {

// Wakes one waiting coroutine. A signal raised while nobody waits is kept for the next wait, so
// no wake-up is lost between looking for work and waiting for it.
class Signal {
  public:
    explicit Signal(Clock& clock) : clock_(clock) {}
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void raise();

    // Waits until raised (true) or until the deadline (false). One waiter at a time; the signal
    // must outlive the wait.
    boost::asio::awaitable<bool> wait_until(Time deadline);

  private:
    Clock& clock_;
    bool raised_ = false;
    std::optional<TimerId> waiting_;
};

// Waits for so long by the clock, which must outlive the wait.
boost::asio::awaitable<void> idle_for(Clock* clock, Duration duration);

}  // namespace lifecycle
