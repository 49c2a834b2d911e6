#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "system/concurrency/periodic_loop.hpp"
#include "system/outbox/event.hpp"
#include "system/ports/ports.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

struct RetentionOptions {
    // How long what is over is remembered: machines with their history, delegations, settled
    // events, and the idempotency keys that any of these came with. Zero: for ever.
    Duration keep_for = std::chrono::days(30);
    // How often it is looked for what may be forgotten.
    Duration every = std::chrono::hours(1);
};

// Forgets what has been over for long enough: see `keep_for` of the options. In small batches, so
// that no request waits long for the database.
class Retention final : public Loop {
  public:
    // `repeated`: the kinds of events whose settled ones are forgotten by age. Those of the others
    // see to it that nothing is done twice, as long as their machine is remembered.
    Retention(Store& store, Ports ports, RetentionOptions options, std::vector<EventKind> repeated);

    boost::asio::awaitable<void> run() override;
    void stop() override { rounds_.stop(); }

  private:
    boost::asio::awaitable<void> sweep();

    Store& store_;
    Ports ports_;
    RetentionOptions options_;
    std::vector<EventKind> repeated_;
    PeriodicLoop rounds_;
};

}  // namespace lifecycle
