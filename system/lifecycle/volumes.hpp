#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "system/lifecycle/part.hpp"
#include "system/outbox/outbox.hpp"
#include "system/store/machines.hpp"
#include "system/store/volumes.hpp"

namespace lifecycle {

// How long to wait for a volume that is still bound: it is, for a while after its machine is gone.
inline constexpr Duration kVolumeBound = std::chrono::seconds(5);

// The volumes of projects. A project has one; its machines, one at a time, mount it. What may hold
// data is never replaced by an empty volume: it moves by being copied, and if that cannot be done
// the machine fails and says so.
class Volumes : Part {
  public:
    using Part::Part;

    // The id of the machine's volume at the provider, found or made; or how this attempt ends.
    boost::asio::awaitable<std::expected<std::string, Outcome>> ensure(Delivery delivery,
                                                                       Machine machine);

    // Nothing if the machine's volume is free to be mounted, as far as the provider knows; else how
    // this attempt ends. A volume stays bound for a while after its machine is gone.
    boost::asio::awaitable<std::expected<void, Outcome>> expect_free(Machine machine);

    // There is no room beside the machine's volume, or none in its region: from now on the machine
    // mounts another, a copy if the first may hold data.
    boost::asio::awaitable<Outcome> move(Delivery delivery, Machine machine, ProviderError why);

    // The provider says that the volume is not usable any more.
    boost::asio::awaitable<Outcome> lost(Delivery delivery, Machine machine);

    // Consumer of volume:destroy: until the provider confirms that nothing of that name is left.
    Consumer destroyer();

  private:
    boost::asio::awaitable<Outcome> destroy(Delivery delivery);
    boost::asio::awaitable<std::expected<std::string, Outcome>> find_or_create(Delivery delivery,
                                                                               Machine machine,
                                                                               VolumeRow row);
};

// The region to try after that one; the same if the options name no other.
std::string next_region(const LifecycleOptions& options, const std::string& region);

}  // namespace lifecycle
