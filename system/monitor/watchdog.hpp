#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "system/concurrency/periodic_loop.hpp"
#include "system/lifecycle/component.hpp"
#include "system/lifecycle/options.hpp"
#include "system/outbox/outbox.hpp"
#include "system/registry/registry.hpp"
#include "system/rows/presence.hpp"

namespace lifecycle {

struct WatchdogOptions {
    // How often it looks; zero: never.
    Duration every = std::chrono::seconds(30);
    // Looks in a row without a sign of life after which an active machine is recreated.
    std::int64_t max_silent_looks = 10;
    // When more than this share of the active machines is silent at once, and at least three, the
    // fault is not theirs.
    std::int64_t breaker_percent = 50;
    // Recreations in a row, each as silent as the one before, after which a person is needed.
    std::int64_t max_recreations = 3;
};

// Recreates active machines that have fallen silent. It counts its own looks and not the time since
// a report: no clock that was set, no pause and no restart of the control plane makes a machine
// look dead. It acts only when the provider itself says that the machine runs: no answer is no
// death, nor is what it remembers of a volume's host that it does not reach, and what it has lost
// or stopped is the reconciler's. When many are silent at once, the fault is not theirs, and it
// waits.
class Watchdog final : public Loop, Component {
  public:
    Watchdog(Store& store, Ports ports, const Providers& providers, Outbox& outbox,
             WatchdogOptions options, MachineDefaults defaults);

    void install(Registry& registry) { registry.loops.push_back(this); }

    boost::asio::awaitable<void> run() override;
    void stop() override { rounds_.stop(); }

    // One look at every active machine.
    boost::asio::awaitable<void> look();

  private:
    struct Watched {
        std::int64_t beats = -1;  // when it was last looked at
        std::int64_t looks = 0;   // in a row that saw no further one
    };

    void remember(const std::vector<Watch>& watches);
    // The machines that gave no sign of life at that many looks in a row.
    std::vector<std::string> quiet_for(std::int64_t looks) const;
    // Whether so many are falling silent that it cannot be their fault.
    bool tripped();
    // `beats`: signs of life of the machine when it was last looked at.
    boost::asio::awaitable<void> judge(std::string machine, std::int64_t beats);
    bool replace(Tx& tx, const Machine& machine);
    // Forgets the recreations of projects whose machines are lively again.
    boost::asio::awaitable<void> forgive(std::vector<Watch> watches);

    Outbox& outbox_;
    WatchdogOptions options_;
    MachineDefaults defaults_;
    std::map<std::string, Watched> watched_;
    std::uint64_t refusals_ = 0;  // of the store, at the last look
    PeriodicLoop rounds_;
};

}  // namespace lifecycle
