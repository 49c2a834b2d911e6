#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/lifecycle/part.hpp"
#include "system/outbox/outbox.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {

// Consumer of machine:readiness. Probes the machine's daemon; when it answers, the machine becomes
// the active one of its project and the one before it is detached, in one transaction.
class Readiness : Part {
  public:
    using Part::Part;
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    void activate(Tx& tx, const Machine& machine);
};

// Consumer of project:next: a machine has served for long enough, whoever waits has the turn.
Consumer next_consumer(const Ports& ports);

// Consumer of machine:deadline: a machine that is still starting by now has failed.
Consumer deadline_consumer(const Ports& ports, const LifecycleOptions& options);

}  // namespace lifecycle
