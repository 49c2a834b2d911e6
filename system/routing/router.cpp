#include "system/routing/router.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/rows/machines.hpp"

namespace lifecycle {
namespace {

// One order for all that is written to a project's record.
void enqueue_in_order(Tx& tx, const EventKind& kind, const Machine& machine, Lane lane, Time now) {
    const std::string key = fmt::format("route:{}", machine.project);
    const std::string dedupe = fmt::format("{}:{}", kind.name, machine.id);
    enqueue_again(tx, {kind, machine.id, key, dedupe, machine.id, lane, now}, now);
}

// Its machine is not running, and may be elsewhere when it does again.
bool is_nowhere(const ProviderError& error) {
    return error.error_class == ProviderErrorClass::busy ||
           error.error_class == ProviderErrorClass::gone;
}

// Whether the record says what is wanted, or something that is newer.
bool is_as_new(const Route& present, const Route& wanted) {
    if (present.generation != wanted.generation) return present.generation > wanted.generation;
    return present.machine == wanted.machine && present.address == wanted.address &&
           present.tls == wanted.tls;
}

}  // namespace

void enqueue_route(Tx& tx, const Machine& machine, Time now) {
    // The provider is asked where it is.
    const Lane lane{machine.provider, Work::route};
    enqueue_in_order(tx, kRoute, machine, lane, now);
}

void follow_address(Tx& tx, std::string_view machine, std::string_view address, Time now) {
    if (address.empty() || !set_address(tx, machine, address)) return;
    const auto present = find_machine(tx, machine);
    if (present->state == MachineState::active) enqueue_route(tx, *present, now);
}

void enqueue_route_end(Tx& tx, const Machine& machine, Time now) {
    const Lane lane{"", Work::route};
    enqueue_in_order(tx, kRouteEnd, machine, lane, now);
}

void Router::install(Registry& registry) {
    registry.outbox.add(kRoute, consumer());
    registry.outbox.add(kRouteEnd, ender());
}

Consumer Router::consumer() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return follow(std::move(delivery)); };
    // The record of the project's next machine waits for it.
    consumer.backoff_longest = std::chrono::seconds(20);
    return consumer;
}

Consumer Router::ender() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return end(std::move(delivery)); };
    return consumer;
}

boost::asio::awaitable<std::optional<Machine>> Router::machine_of(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Machine> {
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
    // The record before the way: what is found out under a record that somebody has replaced
    // meanwhile is not written.
    const auto present = co_await table_.get(machine->project);
    if (!present) co_return Retry{present.error()};
    // Not every provider says in the resource where its daemon is reached. What a caller has to
    // show there stays here: whoever reads routes has credentials of its own, or none.
    const auto way = co_await daemons_.way_to(*machine);
    if (!way) {
        const std::string why = fmt::format("found no way: {}", describe(way.error()));
        if (!is_nowhere(way.error()) || present->machine != machine->id) co_return Retry{why};
        // Where it was, another may be by now.
        Route nowhere;
        nowhere.generation = machine->generation;
        const auto withdrawn = co_await write(std::move(machine->project), *present, nowhere);
        co_return Retry{withdrawn ? why : withdrawn.error()};
    }
    Route wanted{machine->id, machine->generation, way->authority, way->tls};
    const auto written = co_await write(std::move(machine->project), *present, std::move(wanted));
    if (!written) co_return Retry{written.error()};
    Effect remember = [id = machine->id, address = way->address](Tx& tx) {
        if (!address.empty()) set_address(tx, id, address);
    };
    co_return Done{*written ? "routed" : "the record is as new", std::move(remember)};
}

boost::asio::awaitable<Outcome> Router::end(Delivery delivery) {
    if (!table_.enabled()) co_return Done{"nobody reads routes", {}};
    auto machine = co_await machine_of(std::move(delivery));
    if (!machine) co_return Done{"there is no such machine", {}};
    const auto present = co_await table_.get(machine->project);
    if (!present) co_return Retry{present.error()};
    Route nowhere;
    nowhere.generation = machine->generation;
    const auto written = co_await write(std::move(machine->project), *present, std::move(nowhere));
    if (!written) co_return Retry{written.error()};
    co_return Done{*written ? "routed" : "the record is as new", {}};
}

RouteTable::Reply<bool> Router::write(std::string project, Route present, Route wanted) {
    const bool over = wanted.machine.empty() && present.machine.empty();
    if (is_as_new(present, wanted) || over) co_return false;
    wanted.version = present.version;
    const auto written = co_await table_.put(std::move(project), std::move(wanted));
    if (!written) co_return std::unexpected(written.error());
    if (!*written) co_return std::unexpected("somebody else changed the record");
    co_return true;
}

}  // namespace lifecycle
