#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/identity/secrets.hpp"
#include "system/lifecycle/part.hpp"
#include "system/outbox/outbox.hpp"
#include "system/store/credentials.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {

inline constexpr std::string_view kArbitrate = "machine:arbitrate";

// Two boots of a machine want to be it. Who answers at its address today may not tomorrow, so it is
// asked again and again as long as they do.
void enqueue_arbitration(Tx& tx, std::string_view machine, Time now);
inline constexpr Duration kBetweenArbitrations = std::chrono::minutes(2);

// Consumer of machine:arbitrate. The boot that answers at the machine's address is the machine; if
// another has the place, it is handed over. No answer decides nothing.
class Arbiter : Part {
  public:
    Arbiter(Store& store, Ports ports, const Providers& providers, LifecycleOptions options);
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    void decide(Tx& tx, const Credential& holder, const std::string& answered);

    IdentityKey key_;
};

}  // namespace lifecycle
