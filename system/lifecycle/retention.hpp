#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/concurrency/rounds.hpp"
#include "system/lifecycle/part.hpp"

namespace lifecycle {

// Forgets what has been over for long enough: see `keep_for` of the options. In small batches, so
// that no request waits long for the database.
class Retention : Part {
  public:
    Retention(Store& store, Ports ports, const Providers& providers, LifecycleOptions options);

    // Now and then, until it is stopped.
    boost::asio::awaitable<void> run();
    void stop() { rounds_.stop(); }

  private:
    boost::asio::awaitable<void> sweep();

    Rounds rounds_;
};

}  // namespace lifecycle
