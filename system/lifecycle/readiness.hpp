#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "system/daemon/daemon_client.hpp"
#include "system/lifecycle/component.hpp"
#include "system/lifecycle/options.hpp"
#include "system/outbox/outbox.hpp"

namespace lifecycle {

// Consumer of machine:readiness. Probes the machine's daemon; when it answers, the machine becomes
// the active one of its project and the one before it is detached, in one transaction.
class Readiness : Component {
  public:
    // Called in the transaction in which a machine becomes its project's active one.
    using OnActive = std::function<void(Tx&, const Machine&, Time now)>;

    Readiness(Store& store, Ports ports, const Providers& providers, DaemonOptions daemon,
              Graces graces, OnActive on_active);
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    void activate(Tx& tx, const Machine& machine);

    DaemonClient daemons_;
    Graces graces_;
    OnActive on_active_;
};

// Consumer of project:next: a machine has served for long enough, whoever waits has the turn.
Consumer next_consumer(const Ports& ports);

// Consumer of machine:deadline: a machine that is still starting by now has failed.
Consumer deadline_consumer(const Ports& ports, const MachineDefaults& defaults);

}  // namespace lifecycle
