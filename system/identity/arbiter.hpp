#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/daemon/daemon_client.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/component.hpp"
#include "system/model/secrets.hpp"
#include "system/outbox/outbox.hpp"
#include "system/registry/registry.hpp"
#include "system/rows/credentials.hpp"

namespace lifecycle {

inline constexpr EventKind kArbitrate{"machine:arbitrate", EventKind::Lifetime::by_age};

// Two boots of a machine want to be it. Who answers at its address today may not tomorrow, so it is
// asked again and again as long as they do.
void enqueue_arbitration(Tx& tx, std::string_view machine, Time now);
inline constexpr Duration kBetweenArbitrations = std::chrono::minutes(2);

// Consumer of machine:arbitrate. The boot that answers at the machine's address is the machine; if
// another has the place, it is handed over. A missing answer decides nothing.
class Arbiter : Component {
  public:
    Arbiter(Store& store, Ports ports, const Providers& providers, const IdentityKey& key,
            IdentityOptions options, DaemonOptions daemon);
    void install(Registry& registry);
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    void decide(Tx& tx, const Credential& holder, const std::string& answered);

    const IdentityKey& key_;
    IdentityOptions options_;
    DaemonClient daemons_;
};

}  // namespace lifecycle
