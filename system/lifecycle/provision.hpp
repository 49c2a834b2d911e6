#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <optional>
#include <string>

#include "system/lifecycle/component.hpp"
#include "system/lifecycle/options.hpp"
#include "system/lifecycle/volumes.hpp"
#include "system/model/secrets.hpp"
#include "system/outbox/outbox.hpp"
#include "system/rows/provider_resources.hpp"

namespace lifecycle {

struct ProvisionOptions {
    std::string control_authority;  // host:port at which machines reach this control plane
    MachineDefaults defaults = {};
    Graces graces = {};
};

// Consumer of machine:provision. Creates the machine's resource at the provider or adopts the one
// that an earlier attempt left, makes its id durable, and only then starts it. Each step looks at
// what is there first, so the consumer may die anywhere and run again.
class Provisioner : Component {
  public:
    Provisioner(Store& store, Ports ports, const Providers& providers, Volumes& volumes,
                const IdentityKey& key, ProvisionOptions options);
    Consumer consumer();
    // Consumer of machine:restart.
    Consumer restarter();
    // Consumer of machine:start: sees to it that the resource of a machine in service runs.
    Consumer starter();

  private:
    // Where one attempt stands: what the rows said when it began.
    struct Attempt {
        Machine machine;
        std::optional<ProviderResource> asked;
        std::string volume;  // the provider's id of what the machine has to mount; empty: nothing
    };
    template <class T>
    using Step = boost::asio::awaitable<std::expected<T, Outcome>>;

    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    boost::asio::awaitable<Outcome> restart(Delivery delivery);
    boost::asio::awaitable<Outcome> keep_running(Delivery delivery);

    // The resource of that machine at the provider, found or made; or how this attempt ends.
    Step<Resource> find_or_create(Delivery delivery, Attempt attempt);
    Step<Resource> create(Delivery delivery, Attempt attempt);
    // `first_use`: no creation with the machine's volume was ever sent before.
    boost::asio::awaitable<Outcome> not_created(Delivery delivery, Machine machine,
                                                ProviderError error, bool first_use);
    Step<Resource> adopt(Attempt attempt, ProviderError conflict);
    // Whether what was found is what this machine has to be; if it is ours and is not, it is
    // destroyed, and the next attempt starts clean.
    Step<Resource> verify(Attempt attempt, Resource resource, std::string found_by);
    // Makes the id durable. The machine may have been retired meanwhile: the error says so.
    Step<Machine> persist(Delivery delivery, Machine machine, Resource resource);
    boost::asio::awaitable<Outcome> start(Delivery delivery, Machine machine);
    boost::asio::awaitable<Outcome> absent(Delivery delivery, Machine machine);
    // The machine's resource was seen: looks that missed it count no longer. False if the lease is
    // lost.
    boost::asio::awaitable<bool> sighted(Delivery delivery, std::string machine);

    Volumes& volumes_;
    const IdentityKey& key_;
    ProvisionOptions options_;
};

}  // namespace lifecycle
