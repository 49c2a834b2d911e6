#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/lifecycle/component.hpp"
#include "system/lifecycle/options.hpp"
#include "system/outbox/outbox.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {

// How long to wait for a volume that is still bound: it is, for a while after its machine is gone.
inline constexpr Duration kVolumeBound = std::chrono::seconds(5);

// How often to look whether a copy is whole: it is filled in the background.
inline constexpr Duration kWholeEvery = std::chrono::minutes(1);

// The volumes of projects. A project has one; its machines, one at a time, mount it. What may hold
// data is never replaced by an empty volume: it moves by being copied, and if that cannot be done
// the machine fails and says so. What was copied is kept until the copy is whole and in service.
class Volumes : Component {
  public:
    Volumes(Store& store, Ports ports, const Providers& providers, MachineDefaults defaults,
            Graces graces)
        : Component(store, std::move(ports), providers),
          defaults_(std::move(defaults)),
          graces_(graces) {}

    template <class T>
    using Step = boost::asio::awaitable<std::expected<T, Outcome>>;

    // The machine's volume, which is at the provider, found or made; or how this attempt ends.
    Step<VolumeRow> ensure(Delivery delivery, Machine machine);

    // Nothing if that volume, which the machine is to mount, is free as far as the provider knows;
    // else how this attempt ends. A volume stays bound for a while after its machine is gone, and
    // for as long as a host is out of reach.
    Step<void> expect_free(Delivery delivery, Machine machine, std::string id);

    // A machine that mounts the volume is about to be asked for, which a provider may start as soon
    // as it makes it: the volume may hold data from now on. True if it could not before.
    static bool expect_data(Tx& tx, std::string_view volume);
    // That was the first, and it was refused: unless it may have been made all the same, or another
    // was there, the volume is as empty as it was.
    boost::asio::awaitable<Result<void>> refused(Delivery delivery, std::string volume,
                                                 ProviderError why);

    // There is no room beside the machine's volume, or none in its region: from now on the machine
    // mounts another, a copy if the first may hold data.
    boost::asio::awaitable<Outcome> move(Delivery delivery, Machine machine, ProviderError why);

    // The provider says that the volume is not usable any more.
    boost::asio::awaitable<Outcome> lost(Delivery delivery, Machine machine);

    // Consumer of volume:destroy: until the provider confirms that it is gone. By its id; if none
    // was ever known, that of the only one that has the name that was asked for.
    Consumer destroyer();

    // Consumer of volume:release: gives up what a volume was copied from, once it is whole.
    Consumer releaser();

  private:
    boost::asio::awaitable<Outcome> destroy(Delivery delivery);
    // What the row means, given up: nothing if there is none, or none that is left.
    Step<std::optional<Volume>> find_given_up(VolumeRow row);
    // The only one that has the name of a row without an id, which from now on has it.
    Step<std::optional<Volume>> find_only_one(Delivery delivery, VolumeRow row);
    boost::asio::awaitable<Outcome> absent(Delivery delivery, VolumeRow row);
    boost::asio::awaitable<Outcome> release(Delivery delivery);
    Step<VolumeRow> find_or_create(Delivery delivery, Machine machine, VolumeRow row);
    Step<Volume> create(Delivery delivery, Machine machine, VolumeRow row);
    // What was asked for is not there: another is planned in its place, under another name.
    Step<VolumeRow> plan_again(Delivery delivery, Machine machine, VolumeRow row);
    // Nothing if what the volume is to be copied from is there and can be copied.
    Step<void> expect_source(Delivery delivery, VolumeRow copy);
    // The machine was to mount a copy that nobody can mount: once it is certain that the copy is
    // lost, the volume that it was copied from is the project's again.
    boost::asio::awaitable<Outcome> return_to_source(Delivery delivery, Machine machine,
                                                     VolumeRow copy);
    // Nothing if the volume was not found often enough to be gone; else how this attempt ends.
    Step<void> expect_absent(Delivery delivery, std::string name);
    // The host of the machine's volume is out of reach. What holds no data is replaced.
    boost::asio::awaitable<Outcome> out_of_reach(Delivery delivery, Machine machine,
                                                 std::string id);

    MachineDefaults defaults_;
    Graces graces_;
};

// The region to try after that one; the same if no other is named.
std::string next_region(const MachineDefaults& defaults, const std::string& region);

}  // namespace lifecycle
