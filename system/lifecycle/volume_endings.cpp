#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/volume_changes.hpp"
#include "system/lifecycle/volumes.hpp"
#include "system/rows/machines.hpp"

// How volumes end: what a copy continues, when nothing depends on it any more, and what has been
// given up, until the provider confirms that it is gone.
namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How often to look whether it is known by now which of several volumes is meant.
constexpr Duration kAmbiguousEvery = std::chrono::minutes(10);

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
    const std::string name = delivery.event().subject;
    auto read = [name](ReadTx& tx) -> std::optional<VolumeRow> { return find_volume(tx, name); };
    const auto row = co_await store_.read(std::move(read));
    if (!row || row->state != VolumeState::leaving) {
        co_return Done{"nothing to destroy", {}};
    }
    Provider* provider = providers_.find(row->provider);
    if (provider == nullptr) co_return without_provider(row->provider);
    // By its id, once that is known: its name others may have given to what they made of it.
    std::expected<std::optional<Volume>, Outcome> volume;
    if (row->external_id.empty()) {
        volume = co_await find_only_one(delivery, *row);
    } else {
        volume = co_await find_given_up(*row);
    }
    if (!volume) co_return std::move(volume.error());
    if (!volume->has_value()) {
        auto outcome = co_await absent(std::move(delivery), *row);
        co_return outcome;
    }
    // That its provider says that it leaves is more than that it is not found.
    if (!(*volume)->usable) {
        co_return Done{"gone", [row = *row](Tx& tx) { transition(tx, row, VolumeState::gone); }};
    }
    // Its machine first: while that holds it, the provider refuses.
    if ((*volume)->attached_to.empty()) {
        const auto destroyed = co_await provider->destroy_volume((*volume)->id);
        if (!destroyed && destroyed.error().error_class != Class::gone) {
            co_return again(destroyed.error());
        }
    }
    auto forget = [name](Tx& tx) -> Result<bool> {
        forget_volume_absences(tx, name);
        return true;
    };
    const auto forgotten = co_await delivery.transact(std::move(forget));
    if (!forgotten) co_return LeaseLost{};
    co_return Later{"it is being destroyed", seconds(20)};
}

Volumes::Step<std::optional<Volume>> Volumes::find_given_up(VolumeRow row) {
    auto known = co_await providers_.find(row.provider)->get_volume(row.external_id);
    if (known) co_return std::move(*known);
    if (known.error().error_class == Class::gone) co_return std::nullopt;
    co_return std::unexpected(again(known.error()));
}

Volumes::Step<std::optional<Volume>> Volumes::find_only_one(Delivery delivery, VolumeRow row) {
    auto listed = co_await providers_.find(row.provider)->find_volumes(row.name);
    if (!listed) co_return std::unexpected(again(listed.error()));
    if (!listed->complete()) {
        co_return std::unexpected(
            Outcome(Retry{describe_unreadable(listed->unreadable), seconds(30)}));
    }
    std::vector<Volume> found = std::move(listed->found);
    const auto usable = std::ranges::partition(found, &Volume::usable);
    const std::size_t left = found.size() - usable.size();
    if (left > 1) {
        co_return std::unexpected(Outcome(
            Retry{fmt::format("{} volumes are called {}, and which of them is to be destroyed is "
                              "not known: have that one destroyed by its id",
                              left, row.name),
                  kAmbiguousEvery}));
    }
    if (left == 0) {
        if (found.empty()) co_return std::nullopt;
        co_return std::move(found.front());
    }
    // The id first: by the time that it is destroyed, somebody may have made another of its name.
    auto record = [name = row.name, id = found.front().id](Tx& tx) -> Result<bool> {
        return set_volume_id(tx, name, id);
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return std::unexpected(Outcome(LeaseLost{}));
    if (!*recorded) co_return std::unexpected(Outcome(Retry{"a person has said which it is"}));
    co_return std::move(found.front());
}

boost::asio::awaitable<Outcome> Volumes::absent(Delivery delivery, VolumeRow row) {
    auto gone = co_await expect_absent(std::move(delivery), row.name);
    if (!gone) co_return std::move(gone.error());
    co_return Done{"gone", [row](Tx& tx) { transition(tx, row, VolumeState::gone); }};
}

Volumes::Step<void> Volumes::expect_absent(Delivery delivery, std::string name) {
    auto count = [name](Tx& tx) -> Result<std::int64_t> { return record_volume_absence(tx, name); };
    const auto looks = co_await delivery.transact(std::move(count));
    if (!looks) co_return std::unexpected(Outcome(LeaseLost{}));
    if (*looks < kAbsentLooks) {
        co_return std::unexpected(Outcome(
            Later{"it is not found, or not yet", graces_.late_effect / (kAbsentLooks - 1)}));
    }
    co_return std::expected<void, Outcome>();
}

boost::asio::awaitable<Outcome> Volumes::return_to_source(Delivery delivery, Machine machine,
                                                          VolumeRow copy) {
    // A machine may have written to it: that it cannot be mounted once does not mean that it ends.
    const auto seen = co_await providers_.find(copy.provider)->get_volume(copy.external_id);
    if (!seen && seen.error().error_class != Class::gone) co_return again(seen.error());
    if (seen && seen->usable) {
        auto forget = [name = copy.name](Tx& tx) -> Result<bool> {
            forget_volume_absences(tx, name);
            return true;
        };
        const auto forgotten = co_await delivery.transact(std::move(forget));
        if (!forgotten) co_return LeaseLost{};
        co_return Retry{"the volume is there, and is not mounted"};
    }
    if (!seen) {
        auto gone = co_await expect_absent(delivery, copy.name);
        if (!gone) co_return std::move(gone.error());
    }
    auto change = [this, id = machine.id, name = copy.name](Tx& tx) -> Result<bool> {
        const auto present = find_machine(tx, id);
        if (!present || present->state != MachineState::starting || present->volume != name) {
            return false;
        }
        return put_source_back(tx, *present, ports_.clock.now());
    };
    const auto changed = co_await delivery.transact(std::move(change));
    if (!changed) co_return LeaseLost{};
    co_return Retry{"the copy is lost; what it was copied from is mounted again"};
}

Consumer Volumes::releaser() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return release(std::move(delivery)); };
    consumer.backoff_first = seconds(5);
    consumer.backoff_longest = std::chrono::minutes(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Volumes::release(Delivery delivery) {
    auto read = [name = delivery.event().subject](ReadTx& tx) -> std::optional<VolumeRow> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    if (!row || row->state != VolumeState::present) {
        co_return Done{"it is not the volume of the project any more", {}};
    }
    Provider* provider = providers_.find(row->provider);
    if (provider == nullptr) co_return without_provider(row->provider);
    const auto copy = co_await provider->get_volume(row->external_id);
    if (!copy) co_return again(copy.error());
    if (!copy->usable || !copy->whole) co_return Later{"the copy is not whole yet", kWholeEvery};
    Effect give_up = [this, row = *row, machine = delivery.event().machine](Tx& tx) {
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
