#include "system/lifecycle/snapshots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/attempt.hpp"

namespace lifecycle {
namespace {

using Class = ProviderErrorClass;

// A snapshot is of the moment when it was wanted: later than that it is no use.
constexpr Duration kSnapshotWithin = std::chrono::hours(1);

}  // namespace

Result<VolumeRow> request_snapshot(Tx& tx, std::string_view project, Time now) {
    auto volume = volume_of(tx, project);
    if (!volume) {
        return std::unexpected(Error(ErrorCode::conflict,
                                     fmt::format("project {} has no volume", project),
                                     "create a machine with one"));
    }
    const std::string key = fmt::format("snapshot:{}", volume->name);
    const Lane lane{volume->provider, Work::make};
    enqueue(tx,
            {kSnapshot, volume->name, key, fmt::format("{}:{}", key, volume->snapshots + 1), "",
             lane, now},
            now);
    return *std::move(volume);
}

Consumer Snapshots::consumer() {
    Consumer consumer(Within{kSnapshotWithin});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    // One that was given up is counted too: the next request is another event.
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view) {
        record_snapshot(tx, event.subject, ports_.clock.now());
    };
    consumer.backoff_first = kBetweenSnapshots;
    return consumer;
}

boost::asio::awaitable<Outcome> Snapshots::consume(Delivery delivery) {
    auto read = [name = delivery.event().subject](ReadTx& tx) -> std::optional<VolumeRow> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    if (!row) co_return GiveUp{"there is no such volume"};
    const VolumeRow& volume = *row;
    const auto counted = [this, name = volume.name](Tx& tx) {
        record_snapshot(tx, name, ports_.clock.now());
    };
    if (!is_current(volume.state)) {
        co_return Done{"the volume is not in use any more", counted};
    }
    if (volume.external_id.empty())
        co_return Later{"the volume is not made yet", kBetweenSnapshots};
    // Of a clock that was set back nothing follows but the longest wait.
    const Duration since = ports_.clock.now() - volume.snapshot_at;
    if (since < kBetweenSnapshots) {
        co_return Later{"the last one is too fresh",
                        std::min(kBetweenSnapshots, kBetweenSnapshots - since)};
    }
    Provider* provider = providers_.find(volume.provider);
    if (provider == nullptr) co_return without_provider(volume.provider);
    const auto made = co_await provider->snapshot_volume(volume.external_id);
    if (made) co_return Done{"made", counted};
    const ProviderError& error = made.error();
    if (error.error_class == Class::permanent || error.error_class == Class::gone ||
        error.error_class == Class::volume_gone) {
        co_return GiveUp{describe(error)};
    }
    // It may have been made all the same.
    co_return Retry{describe(error), std::max<Duration>(error.retry_after, kBetweenSnapshots)};
}

}  // namespace lifecycle
