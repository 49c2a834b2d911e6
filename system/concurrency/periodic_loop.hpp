#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/concurrency/signal.hpp"

namespace lifecycle {

// Something that goes on beside the requests until it is stopped.
class Loop {
  public:
    virtual ~Loop() = default;
    // Ends soon after stop(). To be awaited once.
    virtual boost::asio::awaitable<void> run() = 0;
    virtual void stop() = 0;
};

// The pauses of something that is done again and again until it is stopped.
class PeriodicLoop {
  public:
    explicit PeriodicLoop(Clock& clock) : clock_(clock), signal_(clock) {}

    // Until that much time has passed (false), or somebody is in a hurry or has stopped it (true).
    boost::asio::awaitable<bool> rest(Duration duration) {
        return signal_.wait_until(clock_.now() + duration);
    }
    // The same, whoever is in a hurry.
    boost::asio::awaitable<void> sleep_ignoring_wakeups(Duration duration);

    void hasten() { signal_.raise(); }
    void stop();
    bool stopped() const { return stopped_; }

  private:
    Clock& clock_;
    Signal signal_;
    bool stopped_ = false;
};

}  // namespace lifecycle
