#include "system/routing/router.hpp"

#include <fmt/format.h>

#include <utility>

namespace lifecycle {

void enqueue_route(Tx& tx, const Machine& machine, Time now) {
    const std::string key = fmt::format("route:{}", machine.project);
    enqueue(
        tx,
        {std::string(kRoute), key, fmt::format("{}:{}", key, machine.generation), machine.id, now},
        now);
}

Consumer Router::consumer() {
    Consumer consumer;
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.max_attempts = 0;
    return consumer;
}

boost::asio::awaitable<Outcome> Router::consume(Delivery delivery) {
    if (!table_.enabled()) co_return Done{"nobody reads routes", {}};
    auto read = [id = delivery.event().machine](Tx& tx) -> Result<std::optional<Machine>> {
        return find_machine(tx, id);
    };
    const auto found = co_await store_.transact(std::move(read));
    if (!found->has_value()) co_return Done{"there is no such machine", {}};
    const Machine machine = **found;
    if (machine.state != MachineState::active) {
        co_return Done{fmt::format("the machine is {}", to_string(machine.state)), {}};
    }
    const auto present = co_await table_.get(machine.project);
    if (!present) co_return Retry{present.error()};
    if (present->generation >= machine.generation) co_return Done{"the route is there", {}};
    Route route{machine.id, machine.generation, machine.address, present->version};
    const auto written = co_await table_.put(machine.project, std::move(route));
    if (!written) co_return Retry{written.error()};
    if (!*written) co_return Retry{"somebody else changed the record"};
    co_return Done{"routed", {}};
}

}  // namespace lifecycle
