#include "system/lifecycle/events.hpp"

#include <fmt/format.h>

#include "system/store/machines.hpp"

namespace lifecycle {
namespace {

std::string machine_key(std::string_view machine) {
    return fmt::format("machine:{}", machine);
}

}  // namespace

void enqueue_provision(Tx& tx, const Machine& machine, Time now) {
    enqueue(tx,
            {std::string(kProvision), machine_key(machine.id),
             fmt::format("provision:{}", machine.id), machine.id, now},
            now);
}

void enqueue_readiness(Tx& tx, std::string_view machine, Time now) {
    enqueue(tx,
            {std::string(kReadiness), machine_key(machine), fmt::format("readiness:{}", machine),
             std::string(machine), now},
            now);
}

void enqueue_destroy(Tx& tx, std::string_view machine, Time now, Time when) {
    const std::string dedupe = fmt::format("destroy:{}", machine);
    forget_absences(tx, machine);
    if (!enqueue(tx,
                 {std::string(kDestroy), machine_key(machine), dedupe, std::string(machine), when},
                 now)) {
        bring_forward(tx, dedupe, when);
    }
}

std::string last_trouble(Tx& tx, std::string_view machine) {
    return tx
        .first(
            "SELECT outcome FROM outbox_event WHERE ordering_key = ? AND state = 'pending'"
            " ORDER BY id LIMIT 1",
            {machine_key(machine)}, [](const Row& row) { return row.text(0); })
        .value_or("");
}

void enqueue_deadline(Tx& tx, const Machine& machine, Time now, Time when) {
    // A key of its own: it waits for its time without holding up the machine's other events.
    enqueue(tx,
            {std::string(kDeadline), fmt::format("deadline:{}", machine.id),
             fmt::format("deadline:{}", machine.id), machine.id, when},
            now);
}

void enqueue_restart(Tx& tx, std::string_view machine, std::string_view request, Time now) {
    enqueue(tx,
            {std::string(kRestart), machine_key(machine),
             fmt::format("restart:{}:{}", machine, request), std::string(machine), now},
            now);
}

void enqueue_start(Tx& tx, std::string_view machine, std::string_view why, Time now) {
    enqueue(tx,
            {std::string(kStart), machine_key(machine), fmt::format("start:{}:{}", machine, why),
             std::string(machine), now},
            now);
}

void enqueue_volume_destroy(Tx& tx, std::string_view volume, std::string_view machine, Time now) {
    enqueue(tx,
            {std::string(kDestroyVolume), fmt::format("volume:{}", volume),
             fmt::format("volume-destroy:{}", volume), std::string(machine), now},
            now);
}

void enqueue_volume_release(Tx& tx, std::string_view volume, std::string_view machine, Time now) {
    enqueue(tx,
            {std::string(kReleaseVolume), fmt::format("release:{}", volume),
             fmt::format("volume-release:{}:{}", volume, machine), std::string(machine), now},
            now);
}

}  // namespace lifecycle
