#pragma once

#include <string>
#include <string_view>

#include "system/model/machine.hpp"
#include "system/outbox/event.hpp"
#include "system/store/store.hpp"

// The outbox events of a machine's life. Each is accepted once per machine: a machine id holds its
// generation. What must not overlap shares an ordering key.
namespace lifecycle {

inline constexpr EventKind kProvision{"machine:provision", EventKind::Lifetime::with_machine};
inline constexpr EventKind kReadiness{"machine:readiness", EventKind::Lifetime::with_machine};
inline constexpr EventKind kDestroy{"machine:destroy", EventKind::Lifetime::with_machine};
inline constexpr EventKind kDeadline{"machine:deadline", EventKind::Lifetime::with_machine};
inline constexpr EventKind kNext{"project:next", EventKind::Lifetime::with_machine};
inline constexpr EventKind kRestart{"machine:restart", EventKind::Lifetime::by_age};
inline constexpr EventKind kStart{"machine:start", EventKind::Lifetime::by_age};
inline constexpr EventKind kDestroyVolume{"volume:destroy", EventKind::Lifetime::by_age};
inline constexpr EventKind kReleaseVolume{"volume:release", EventKind::Lifetime::with_machine};

void enqueue_provision(Tx& tx, const Machine& machine, Time now);
// The machine's daemon is ready and its external id durable: probe it.
void enqueue_readiness(Tx& tx, std::string_view machine, Time now);
// Destroy the machine's resource, at `when` or earlier if asked again.
void enqueue_destroy(Tx& tx, std::string_view machine, Time now, Time when);
// What the provisioning waits for may have come about.
void hasten_provision(Tx& tx, std::string_view machine, Time now);
// Somebody wants what the machine's resource holds: its destruction waits no longer.
void hasten_destroy(Tx& tx, std::string_view machine, Time now);
// Why what is being done about the machine is not done yet; empty if nothing is, or if it has only
// begun.
std::string last_trouble(ReadTx& tx, std::string_view machine);
// Give the machine up if it is still starting at `when`.
void enqueue_deadline(Tx& tx, const Machine& machine, Time now, Time when);

// Whoever waits for a machine in the place of this one has the turn at `when`.
void enqueue_next(Tx& tx, const Machine& machine, Time now, Time when);

// Restart the machine's resource. One request is one event, however often it is sent.
void enqueue_restart(Tx& tx, std::string_view machine, std::string_view request, Time now);
// See to it that the machine's resource runs. One event for each machine, however often it stops.
void enqueue_start(Tx& tx, std::string_view machine, Time now);
// Whether what was to be done for the machine in service is nobody's wish any more: it has left.
bool is_out_of_service(ReadTx& tx, const Event& event);
// Destroy a volume that has been given up.
void enqueue_volume_destroy(Tx& tx, std::string_view volume, std::string_view machine, Time now);
// The machine, which mounts that volume, is in service: give up what the volume was copied from, as
// soon as it does not depend on that any more.
void enqueue_volume_release(Tx& tx, std::string_view volume, std::string_view machine, Time now);

}  // namespace lifecycle
