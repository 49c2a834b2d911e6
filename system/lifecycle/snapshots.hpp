#pragma once

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "system/lifecycle/component.hpp"
#include "system/outbox/outbox.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {

inline constexpr EventKind kSnapshot{"volume:snapshot", EventKind::Lifetime::by_age};

// The shortest time between two snapshots of one volume. Providers refuse more: AWS calls it
// SnapshotCreationPerVolumeRateExceeded and takes one in 15 seconds.
inline constexpr Duration kBetweenSnapshots = std::chrono::seconds(15);

// Asks for a snapshot of the project's volume. Whoever asks while one is owed joins it: churn makes
// no snapshots. Conflict if the project has no volume.
Result<VolumeRow> request_snapshot(Tx& tx, std::string_view project, Time now);

// Consumer of volume:snapshot, and the only one who makes any.
class Snapshots : Component {
  public:
    using Component::Component;
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
};

}  // namespace lifecycle
