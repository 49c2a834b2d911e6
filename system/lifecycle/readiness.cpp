#include "system/lifecycle/readiness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/routing/router.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {
namespace {

boost::asio::awaitable<Outcome> expire(Clock* clock, std::string id, Duration longest) {
    Effect fail = [clock, id = std::move(id), longest](Tx& tx) {
        const auto machine = find_machine(tx, id);
        if (!machine) return;
        const std::chrono::seconds own(machine->spec.active_within_s);
        const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(
            own.count() > 0 ? Duration(own) : longest);
        const std::string last = last_trouble(tx, id);
        fail_machine(tx, id,
                     fmt::format("not active {} minutes after it was asked for{}{}",
                                 minutes.count(), last.empty() ? "" : ", last: ", last),
                     clock->now());
    };
    co_return Done{"the deadline has passed", std::move(fail)};
}

boost::asio::awaitable<Outcome> give_turn(Clock* clock, std::string id) {
    Effect begin = [clock, id = std::move(id)](Tx& tx) {
        const auto machine = find_machine(tx, id);
        // If it left service, whoever waited has had the turn.
        if (!machine || machine->state != MachineState::active) return;
        begin_waiting(tx, machine->project, clock->now());
    };
    co_return Done{"whoever waited has the turn", std::move(begin)};
}

}  // namespace

Readiness::Readiness(Store& store, Ports ports, const Providers& providers, DaemonOptions daemon,
                     Graces graces, OnActive on_active)
    : Component(store, std::move(ports), providers),
      daemons_(ports_.http, providers_, daemon),
      graces_(graces),
      on_active_(std::move(on_active)) {}

Consumer Readiness::consumer() {
    Consumer consumer(UntilItsDeadline{});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view reason) {
        fail_machine(tx, event.machine, fmt::format("the readiness probe {}", reason),
                     ports_.clock.now());
    };
    consumer.backoff_first = std::chrono::seconds(2);
    consumer.backoff_longest = std::chrono::seconds(20);
    return consumer;
}

boost::asio::awaitable<Outcome> Readiness::consume(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Machine> {
        return find_machine(tx, id);
    };
    const auto found = co_await store_.read(std::move(read));
    if (!found) co_return Done{"there is no such machine", {}};
    const Machine& machine = *found;
    if (machine.state != MachineState::starting) {
        co_return Done{fmt::format("the machine is {}", to_string(machine.state)), {}};
    }
    const auto answer = co_await daemons_.probe(machine);
    if (!answer) {
        const bool lost = answer.error().kind == DaemonError::Kind::no_way;
        co_return Retry{
            fmt::format("{}: {}", lost ? "found no way" : "got no answer", answer.error().why)};
    }
    if (answer->status != 200) co_return Retry{fmt::format("was answered {}", answer->status)};
    co_return Done{"probed", [this, machine](Tx& tx) { activate(tx, machine); }};
}

void Readiness::activate(Tx& tx, const Machine& machine) {
    const Time now = ports_.clock.now();
    // The probe took its time: the machine may have been retired or replaced meanwhile.
    const auto present = find_machine(tx, machine.id);
    if (!present || present->state != MachineState::starting) return;
    for (const Machine& other : machines_of(tx, machine.project)) {
        if (other.state != MachineState::active) continue;
        transition(tx, other, MachineState::detached, now);
        enqueue_destroy(tx, other.id, now, now + graces_.detached);
    }
    transition(tx, *present, MachineState::active, now);
    set_active_machine(tx, machine.project, machine.id);
    const bool moved = std::ranges::any_of(
        volumes_of(tx, machine.project),
        [](const VolumeRow& one) { return one.state == VolumeState::superseded; });
    if (moved) enqueue_volume_release(tx, present->volume, machine.id, now);
    // What this heals, and nothing else.
    end_error(tx, machine.project, ErrorSubject::machine, now);
    end_error(tx, machine.project, ErrorSubject::silence, now);
    enqueue_route(tx, machine, now);
    on_active_(tx, machine, now);
    const auto waiting = waiting_request(tx, machine.project);
    if (waiting && waiting->spec.volume_gb > 0 && !present->volume.empty()) {
        // The next would take its volume at once, and nobody would ever be served.
        enqueue_next(tx, machine, now, now + graces_.serve_at_least);
    } else {
        begin_waiting(tx, machine.project, now);
    }
}

Consumer next_consumer(const Ports& ports) {
    Consumer consumer(ForEver{});
    consumer.consume = [clock = &ports.clock](Delivery delivery) {
        return give_turn(clock, delivery.event().machine);
    };
    return consumer;
}

Consumer deadline_consumer(const Ports& ports, const MachineDefaults& defaults) {
    Consumer consumer(ForEver{});
    consumer.consume = [clock = &ports.clock,
                        longest = defaults.become_active_within](Delivery delivery) {
        return expire(clock, delivery.event().machine, longest);
    };
    return consumer;
}

}  // namespace lifecycle
