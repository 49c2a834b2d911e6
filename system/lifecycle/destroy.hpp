#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "system/lifecycle/component.hpp"
#include "system/lifecycle/options.hpp"
#include "system/outbox/outbox.hpp"

namespace lifecycle {

// Consumer of machine:destroy. Destroys whatever the provider has of a machine, and is done only
// when the provider confirms that nothing is left and nothing can come any more: a create that got
// no answer may take effect late. It never gives up.
class Destroyer : Component {
  public:
    Destroyer(Store& store, Ports ports, const Providers& providers, Graces graces)
        : Component(store, std::move(ports), providers), graces_(graces) {}
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    // Asks for the destruction of one resource; nothing if that is accepted or needless.
    boost::asio::awaitable<std::optional<Outcome>> destroy(Provider* provider,
                                                           std::string external_id);
    // Of what these rows never asked a provider for.
    boost::asio::awaitable<Outcome> unasked(Delivery delivery, Machine machine);
    boost::asio::awaitable<Outcome> absent(Delivery delivery, Machine machine);
    void confirm_gone(Tx& tx, const Machine& machine);

    Graces graces_;
};

}  // namespace lifecycle
