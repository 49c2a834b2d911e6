#include "system/identity/arbiter.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/ports/daemon.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"

namespace lifecycle {
namespace {

struct Contest {
    std::optional<Machine> machine;
    std::optional<Credential> holder;
};

}  // namespace

void enqueue_arbitration(Tx& tx, std::string_view machine, Time now) {
    const std::string key = fmt::format("arbitrate:{}", machine);
    const auto row = find_machine(tx, machine);
    const std::string provider = row ? row->provider : std::string();
    const Lane lane{provider, Work::box};
    if (!enqueue(tx, {kArbitrate, std::string(machine), key, key, std::string(machine), lane, now},
                 now)) {
        rearm(tx, key, kBetweenArbitrations, now);
    }
}

Arbiter::Arbiter(Store& store, Ports ports, const Providers& providers, const IdentityKey& key,
                 IdentityOptions options, DaemonOptions daemon)
    : Component(store, std::move(ports), providers),
      key_(key),
      options_(options),
      daemons_(ports_.http, providers_, daemon) {}

void Arbiter::install(Registry& registry) {
    registry.outbox.add(kArbitrate, consumer());
}

Consumer Arbiter::consumer() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.backoff_first = std::chrono::seconds(5);
    return consumer;
}

boost::asio::awaitable<Outcome> Arbiter::consume(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> Contest {
        return Contest{find_machine(tx, id), live_credential(tx, id)};
    };
    const auto contest = co_await store_.read(std::move(read));
    // Whoever is replaced or retired has no token any more.
    if (!contest.machine || !contest.holder) co_return Done{"nobody has the place", {}};
    const Machine machine = *contest.machine;
    if (machine.external_id.empty()) co_return Retry{"it has no address"};
    const auto answer = co_await daemons_.probe(machine);
    if (!answer) co_return Retry{answer.error().why};
    const auto boot = answer->headers.find(kBootHeader);
    if (boot == answer->headers.end() || !is_boot(boot->second)) {
        co_return Retry{"the daemon does not say which boot it is"};
    }
    if (boot->second == contest.holder->boot) co_return Done{"the holder answers", {}};
    co_return Done{"another boot answers",
                   [this, holder = *contest.holder, answered = boot->second](Tx& tx) {
                       decide(tx, holder, answered);
                   }};
}

void Arbiter::decide(Tx& tx, const Credential& holder, const std::string& answered) {
    const auto now = live_credential(tx, holder.machine);
    if (!now || now->epoch != holder.epoch) return;
    record_history(tx, holder.machine, ports_.clock.now(), "place handed over",
                   fmt::format("from boot {} to {}, which answers", holder.boot, answered));
    hand_over(tx, key_, *find_machine(tx, holder.machine), answered, options_, ports_.clock.now());
}

}  // namespace lifecycle
