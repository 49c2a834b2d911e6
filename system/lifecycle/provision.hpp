#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "system/lifecycle/options.hpp"
#include "system/outbox/outbox.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/provider.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {

// Labels by which a resource says whose it is.
Labels ownership_labels(const Machine& machine);

// Consumer of machine:provision. Creates the machine's resource at the provider or adopts the one
// that an earlier attempt left, makes its id durable, and only then starts it. Each step looks at
// what is there first, so the consumer may die anywhere and run again.
class Provisioner {
  public:
    Provisioner(Store& store, Ports ports, Provider& provider, LifecycleOptions options);
    Consumer consumer();

  private:
    // Where one attempt stands: what the rows said when it began.
    struct Attempt {
        Machine machine;
        std::optional<ProviderResource> asked;
    };

    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    // The resource of that machine at the provider, found or made; or how this attempt ends.
    boost::asio::awaitable<std::expected<Resource, Outcome>> find_or_create(Delivery delivery,
                                                                            Attempt attempt);
    boost::asio::awaitable<std::expected<Resource, Outcome>> create(Delivery delivery,
                                                                    Machine machine);
    boost::asio::awaitable<std::expected<Resource, Outcome>> adopt(Machine machine,
                                                                   ProviderError conflict);
    // Makes the id durable. The machine may have been retired meanwhile: the error says so.
    boost::asio::awaitable<std::expected<Machine, Outcome>> persist(Delivery delivery,
                                                                    Machine machine,
                                                                    Resource resource);
    boost::asio::awaitable<Outcome> start(Delivery delivery, Machine machine);
    boost::asio::awaitable<Outcome> absent(Delivery delivery, Machine machine);

    Store& store_;
    Ports ports_;
    Provider& provider_;
    LifecycleOptions options_;
};

}  // namespace lifecycle
