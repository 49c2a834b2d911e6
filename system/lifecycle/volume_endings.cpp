#include <fmt/format.h>

#include <utility>

#include "system/lifecycle/volume_changes.hpp"
#include "system/lifecycle/volumes.hpp"

// How volumes end: what a copy continues, when nothing depends on it any more, and what has been
// given up, until the provider confirms that it is gone.
namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How often in a row a volume must not be found before it is believed.
constexpr std::int64_t kAbsentLooks = 5;

Outcome again(const ProviderError& error) {
    return Retry{describe(error), error.retry_after};
}

}  // namespace

Consumer Volumes::destroyer() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return destroy(std::move(delivery)); };
    consumer.backoff_first = seconds(5);
    consumer.backoff_longest = std::chrono::minutes(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Volumes::destroy(Delivery delivery) {
    const std::string name = subject_of(delivery.event());
    auto read = [name](ReadTx& tx) -> Result<std::optional<VolumeRow>> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    if (!row->has_value() || (*row)->state != VolumeState::leaving) {
        co_return Done{"nothing to destroy", {}};
    }
    Provider* provider = providers_.find((*row)->provider);
    if (provider == nullptr) co_return Retry{"there is no provider " + (*row)->provider};
    // By its id, once that is known: its name others may have given to what they made of it.
    Listing<Volume> listed;
    if ((*row)->external_id.empty()) {
        auto named = co_await provider->find_volumes(name);
        if (!named) co_return again(named.error());
        listed = std::move(*named);
    } else {
        auto known = co_await provider->get_volume((*row)->external_id);
        if (!known && known.error().error_class != Class::gone) co_return again(known.error());
        if (known) listed.found.push_back(std::move(*known));
    }
    auto outcome = co_await destroy_all(std::move(delivery), **row, std::move(listed));
    co_return outcome;
}

boost::asio::awaitable<Outcome> Volumes::destroy_all(Delivery delivery, VolumeRow row,
                                                     Listing<Volume> listed) {
    bool left = false;
    bool leaving = false;
    for (const Volume& volume : listed.found) {
        leaving = leaving || !volume.usable;
        if (!volume.usable) continue;
        left = true;
        // Its machine first: while that holds it, the provider refuses.
        if (!volume.attached_to.empty()) continue;
        const auto destroyed = co_await providers_.find(row.provider)->destroy_volume(volume.id);
        if (!destroyed && destroyed.error().error_class != Class::gone) {
            co_return again(destroyed.error());
        }
    }
    if (left) {
        auto forget = [name = row.name](Tx& tx) -> Result<bool> {
            forget_volume_absences(tx, name);
            return true;
        };
        const auto forgotten = co_await delivery.transact(std::move(forget));
        if (!forgotten) co_return LeaseLost{};
        co_return Later{"it is being destroyed", seconds(20)};
    }
    if (!listed.complete()) {
        co_return Retry{describe_unreadable(listed.unreadable), seconds(30)};
    }
    Done gone{"gone", [row](Tx& tx) { transition(tx, row, VolumeState::gone); }};
    if (leaving) co_return gone;  // so its provider says, which is more than that it is not found
    auto count = [name = row.name](Tx& tx) -> Result<std::int64_t> {
        return record_volume_absence(tx, name);
    };
    const auto looks = co_await delivery.transact(std::move(count));
    if (!looks) co_return LeaseLost{};
    if (*looks < kAbsentLooks) {
        co_return Later{"it is not found, or not yet",
                        options_.late_effect_grace / (kAbsentLooks - 1)};
    }
    co_return gone;
}

Consumer Volumes::releaser() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return release(std::move(delivery)); };
    consumer.backoff_first = seconds(5);
    consumer.backoff_longest = std::chrono::minutes(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Volumes::release(Delivery delivery) {
    auto read = [name =
                     subject_of(delivery.event())](ReadTx& tx) -> Result<std::optional<VolumeRow>> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    if (!row->has_value() || (*row)->state != VolumeState::present) {
        co_return Done{"it is not the volume of the project any more", {}};
    }
    Provider* provider = providers_.find((*row)->provider);
    if (provider == nullptr) co_return Retry{"there is no provider " + (*row)->provider};
    const auto copy = co_await provider->get_volume((*row)->external_id);
    if (!copy) co_return again(copy.error());
    if (!copy->usable || !copy->whole) co_return Later{"the copy is not whole yet", kWholeEvery};
    Effect give_up = [this, row = **row, machine = delivery.event().machine](Tx& tx) {
        const auto present = find_volume(tx, row.name);
        if (!present || present->state != VolumeState::present ||
            present->external_id != row.external_id) {
            return;
        }
        for (const VolumeRow& earlier : volumes_of(tx, row.project)) {
            if (earlier.state != VolumeState::superseded) continue;
            give_up_volume(tx, earlier, machine, ports_.clock.now());
        }
    };
    co_return Done{"the copy is whole", std::move(give_up)};
}

}  // namespace lifecycle
