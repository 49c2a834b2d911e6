#include "system/routing/router.hpp"

#include <fmt/format.h>

#include <utility>

namespace lifecycle {
namespace {

// One order for all that is written to a project's record.
void enqueue_in_order(Tx& tx, std::string_view kind, const Machine& machine, Time now) {
    const std::string key = fmt::format("route:{}", machine.project);
    const Lane lane{"", Work::route};
    enqueue(tx,
            {std::string(kind), key, fmt::format("{}:{}", kind, machine.id), machine.id, lane, now},
            now);
}

}  // namespace

void enqueue_route(Tx& tx, const Machine& machine, Time now) {
    enqueue_in_order(tx, kRoute, machine, now);
}

void enqueue_route_end(Tx& tx, const Machine& machine, Time now) {
    enqueue_in_order(tx, kRouteEnd, machine, now);
}

Consumer Router::consumer() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return follow(std::move(delivery)); };
    return consumer;
}

Consumer Router::ender() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return end(std::move(delivery)); };
    return consumer;
}

boost::asio::awaitable<std::optional<Machine>> Router::machine_of(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> Result<std::optional<Machine>> {
        return find_machine(tx, id);
    };
    auto found = co_await store_.read(std::move(read));
    co_return *std::move(found);
}

boost::asio::awaitable<Outcome> Router::follow(Delivery delivery) {
    if (!table_.enabled()) co_return Done{"nobody reads routes", {}};
    auto machine = co_await machine_of(std::move(delivery));
    if (!machine) co_return Done{"there is no such machine", {}};
    if (machine->state != MachineState::active) {
        co_return Done{fmt::format("the machine is {}", to_string(machine->state)), {}};
    }
    Provider* provider = providers_.find(machine->provider);
    if (provider == nullptr) co_return Retry{"there is no provider " + machine->provider};
    // Not every provider says in the resource where its daemon is reached. What a caller has to
    // show there stays here: whoever reads routes has credentials of its own, or none.
    const auto way = co_await provider->reach(machine->external_id, machine->address, daemon_port_);
    if (!way) co_return Retry{fmt::format("found no way: {}", describe(way.error()))};
    Route wanted{machine->id, machine->generation, way->authority, way->tls};
    auto outcome = co_await write(std::move(machine->project), std::move(wanted));
    co_return outcome;
}

boost::asio::awaitable<Outcome> Router::end(Delivery delivery) {
    if (!table_.enabled()) co_return Done{"nobody reads routes", {}};
    auto machine = co_await machine_of(std::move(delivery));
    if (!machine) co_return Done{"there is no such machine", {}};
    Route nowhere;
    nowhere.generation = machine->generation;
    auto outcome = co_await write(std::move(machine->project), std::move(nowhere));
    co_return outcome;
}

boost::asio::awaitable<Outcome> Router::write(std::string project, Route wanted) {
    const auto present = co_await table_.get(project);
    if (!present) co_return Retry{present.error()};
    const bool ends = wanted.machine.empty();
    const bool newer = present->generation > wanted.generation;
    if (newer || (ends ? present->machine.empty() : present->generation == wanted.generation)) {
        co_return Done{"the record is as new", {}};
    }
    wanted.version = present->version;
    const auto written = co_await table_.put(std::move(project), std::move(wanted));
    if (!written) co_return Retry{written.error()};
    if (!*written) co_return Retry{"somebody else changed the record"};
    co_return Done{"routed", {}};
}

}  // namespace lifecycle
