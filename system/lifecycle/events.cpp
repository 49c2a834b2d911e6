#include "system/lifecycle/events.hpp"

#include <fmt/format.h>

#include <optional>

#include "system/rows/machines.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {
namespace {

std::string machine_key(std::string_view machine) {
    return fmt::format("machine:{}", machine);
}

// Of what the machine's provider is asked, or its daemon by way of it.
Lane lane_of(const std::optional<Machine>& machine, Work work) {
    return {machine ? std::string_view(machine->provider) : std::string_view(), work};
}

}  // namespace

void enqueue_provision(Tx& tx, const Machine& machine, Time now) {
    const Lane lane{machine.provider, Work::make};
    enqueue(tx,
            {kProvision, machine.id, machine_key(machine.id),
             fmt::format("provision:{}", machine.id), machine.id, lane, now},
            now);
}

void enqueue_readiness(Tx& tx, std::string_view machine, Time now) {
    const auto row = find_machine(tx, machine);
    enqueue(
        tx,
        {kReadiness, std::string(machine), machine_key(machine),
         fmt::format("readiness:{}", machine), std::string(machine), lane_of(row, Work::box), now},
        now);
}

void enqueue_destroy(Tx& tx, std::string_view machine, Time now, Time when) {
    const std::string dedupe = fmt::format("destroy:{}", machine);
    const auto row = find_machine(tx, machine);
    forget_absences(tx, machine);
    if (!enqueue(tx,
                 {kDestroy, std::string(machine), machine_key(machine), dedupe,
                  std::string(machine), lane_of(row, Work::end), when},
                 now)) {
        bring_forward(tx, dedupe, when);
    }
}

void hasten_provision(Tx& tx, std::string_view machine, Time now) {
    bring_forward(tx, fmt::format("provision:{}", machine), now);
}

void hasten_destroy(Tx& tx, std::string_view machine, Time now) {
    // Once it is being destroyed, haste would only shorten the looks that confirm it.
    if (absences(tx, machine) == 0) bring_forward(tx, fmt::format("destroy:{}", machine), now);
}

std::string last_trouble(ReadTx& tx, std::string_view machine) {
    return tx
        .first(
            "SELECT outcome FROM outbox_event WHERE ordering_key = ? AND state = 'pending'"
            " ORDER BY id LIMIT 1",
            {machine_key(machine)}, [](const Row& row) { return row.text(0); })
        .value_or("");
}

void enqueue_deadline(Tx& tx, const Machine& machine, Time now, Time when) {
    const Lane lane{"", Work::rows};
    // A key of its own: it waits for its time without holding up the machine's other events.
    enqueue(tx,
            {kDeadline, machine.id, fmt::format("deadline:{}", machine.id),
             fmt::format("deadline:{}", machine.id), machine.id, lane, when},
            now);
}

void enqueue_next(Tx& tx, const Machine& machine, Time now, Time when) {
    const std::string key = fmt::format("next:{}", machine.id);
    enqueue(tx, {kNext, machine.id, key, key, machine.id, {"", Work::rows}, when}, now);
}

void enqueue_restart(Tx& tx, std::string_view machine, std::string_view request, Time now) {
    const auto row = find_machine(tx, machine);
    enqueue(tx,
            {kRestart, std::string(machine), machine_key(machine),
             fmt::format("restart:{}:{}", machine, request), std::string(machine),
             lane_of(row, Work::make), now},
            now);
}

void enqueue_start(Tx& tx, std::string_view machine, Time now) {
    const auto row = find_machine(tx, machine);
    const std::string key = fmt::format("start:{}", machine);
    enqueue_again(tx,
                  {kStart, std::string(machine), machine_key(machine), key, std::string(machine),
                   lane_of(row, Work::make), now},
                  now);
}

bool is_out_of_service(ReadTx& tx, const Event& event) {
    const auto machine = find_machine(tx, event.machine);
    return !machine || !in_service(*machine);
}

void enqueue_volume_destroy(Tx& tx, std::string_view volume, std::string_view machine, Time now) {
    const auto row = find_volume(tx, volume);
    const Lane lane{row ? std::string_view(row->provider) : std::string_view(), Work::end};
    enqueue(tx,
            {kDestroyVolume, std::string(volume), fmt::format("volume:{}", volume),
             fmt::format("volume-destroy:{}", volume), std::string(machine), lane, now},
            now);
}

void enqueue_volume_release(Tx& tx, std::string_view volume, std::string_view machine, Time now) {
    const auto row = find_volume(tx, volume);
    const Lane lane{row ? std::string_view(row->provider) : std::string_view(), Work::end};
    enqueue(tx,
            {kReleaseVolume, std::string(volume), fmt::format("release:{}", volume),
             fmt::format("volume-release:{}:{}", volume, machine), std::string(machine), lane, now},
            now);
}

}  // namespace lifecycle
