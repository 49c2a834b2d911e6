#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "system/concurrency/periodic_loop.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/telemetry.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// The time that an installation reckons with. It goes on as the steady clock does: a wall clock
// that is set neither stalls nor hastens anything. One durable row says where it is, so that all
// control planes of a host agree to the microsecond, and a later life goes on where this one was.
// Only across a start of the host does the wall clock say how much time has passed, and never less
// than none.
class Timeline final : public Clock, public Loop {
  public:
    // Goes on with what the store says. All must outlive the timeline.
    Timeline(Store& store, Clock& outside, Telemetry& telemetry);

    Time wall() const override { return outside_.wall(); }
    SteadyTime steady() const override { return outside_.steady(); }
    std::string origin() const override { return outside_.origin(); }
    Time now() const override { return Time(zero_ + steady().time_since_epoch()); }
    TimerId schedule(Time when, std::move_only_function<void()> callback) override;
    void expedite(TimerId timer) override { outside_.expedite(timer); }

    // Writes down periodically, and whenever the wall clock was set, what time it is, until stop().
    boost::asio::awaitable<void> run() override;
    void stop() override { rounds_.stop(); }

  private:
    boost::asio::awaitable<void> look();
    void record(Tx& tx);
    // How far the wall clock is ahead.
    Duration ahead() const { return wall() - now(); }

    Store& store_;
    Clock& outside_;
    Telemetry& telemetry_;
    Duration zero_{0};  // of the steady clock, since the Unix epoch
    Time recorded_at_{};
    Duration recorded_ahead_{0};
    PeriodicLoop rounds_;
};

}  // namespace lifecycle
