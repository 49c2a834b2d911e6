#include "system/lifecycle/destroy.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/lifecycle/attempt.hpp"
#include "system/lifecycle/ownership.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/provider_resources.hpp"

namespace lifecycle {
namespace {

using std::chrono::seconds;
using Class = ProviderErrorClass;

// How long until the next look at what the provider knows in part only: its host may be away for
// hours, or for ever.
constexpr Duration kOutOfSight = std::chrono::minutes(5);

struct Owed {
    Machine machine;
    std::optional<ProviderResource> resource;
};

Outcome again(const ProviderError& error) {
    return Retry{describe(error), std::max<Duration>(error.retry_after, seconds(1))};
}

}  // namespace

Consumer Destroyer::consumer() {
    Consumer consumer(ForEver{});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.backoff_first = seconds(2);
    consumer.backoff_longest = std::chrono::minutes(2);
    return consumer;
}

boost::asio::awaitable<Outcome> Destroyer::consume(Delivery delivery) {
    auto read = [id = delivery.event().machine](ReadTx& tx) -> std::optional<Owed> {
        auto machine = find_machine(tx, id);
        if (!machine) return std::nullopt;
        return Owed{*machine, find_resource(tx, id)};
    };
    auto owed = co_await store_.read(std::move(read));
    if (!owed) co_return Done{"there is no such machine", {}};
    const Machine machine = owed->machine;
    const auto resource = owed->resource;
    const Effect confirmed = [this, machine](Tx& tx) { confirm_gone(tx, machine); };
    if (!resource) {
        auto outcome = co_await unasked(std::move(delivery), machine);
        co_return outcome;
    }
    if (resource->state == ResourceRecordState::gone) co_return Done{"gone already", confirmed};
    Provider* provider = providers_.find(machine.provider);
    if (provider == nullptr) co_return without_provider(machine.provider);

    if (!resource->external_id.empty()) {
        const auto known = co_await provider->get(resource->external_id);
        if (known && (known->partial || known->state != ResourceState::destroyed)) {
            if (!is_leaving(*known)) {
                auto refused = co_await destroy(provider, resource->external_id);
                if (refused) co_return std::move(*refused);
            }
            if (known->partial) {
                co_return Later{"the provider does not reach the host of the resource",
                                kOutOfSight};
            }
            co_return Later{"the resource is being destroyed", seconds(5)};
        }
        if (!known && known.error().error_class != Class::gone) co_return again(known.error());
    }
    // Whatever else has its labels: a create whose answer was lost, or a late one.
    Labels labels = ownership_labels(machine);
    const auto found = co_await provider->find(std::move(labels));
    if (!found) co_return again(found.error());
    bool left = false;
    Duration pause = kOutOfSight;
    for (const Resource& stray : found->found) {
        if (stray.state == ResourceState::destroyed && !stray.partial) continue;
        left = true;
        if (stray.partial) continue;
        pause = seconds(5);
        if (stray.state == ResourceState::destroying) continue;
        auto refused = co_await destroy(provider, stray.external_id);
        if (refused) co_return std::move(*refused);
    }
    if (left) {
        auto forget = [name = machine.id](Tx& tx) -> Result<bool> {
            forget_absences(tx, name);
            return true;
        };
        const auto forgotten = co_await delivery.transact(std::move(forget));
        if (!forgotten) co_return LeaseLost{};
        co_return Later{"resources of the machine are being destroyed", pause};
    }
    if (!found->complete()) {
        co_return Retry{describe_unreadable(found->unreadable), seconds(30)};
    }
    auto outcome = co_await absent(std::move(delivery), machine);
    co_return outcome;
}

boost::asio::awaitable<Outcome> Destroyer::unasked(Delivery delivery, Machine machine) {
    Effect confirmed = [this, machine](Tx& tx) { confirm_gone(tx, machine); };
    Provider* provider = providers_.find(machine.provider);
    if (provider == nullptr) co_return Done{"the provider was never asked for it", confirmed};
    // A store that was restored does not know that it has asked.
    Labels labels = ownership_labels(machine);
    const auto found = co_await provider->find(std::move(labels));
    if (!found) co_return again(found.error());
    if (!found->complete()) co_return Retry{describe_unreadable(found->unreadable), seconds(30)};
    if (found->found.empty()) co_return Done{"the provider was never asked for it", confirmed};
    auto owe = [this, name = machine.id](Tx& tx) -> Result<bool> {
        record_ask(tx, name, name, ports_.clock.now());
        return true;
    };
    const auto owed = co_await delivery.transact(std::move(owe));
    if (!owed) co_return LeaseLost{};
    co_return Later{"the provider has it, though these rows never asked for it", seconds(1)};
}

boost::asio::awaitable<Outcome> Destroyer::absent(Delivery delivery, Machine machine) {
    // A create that got no answer may still take effect, and one that did may not be visible yet.
    auto count = [name = machine.id](Tx& tx) -> Result<std::int64_t> {
        return record_absence(tx, name);
    };
    const auto looks = co_await delivery.transact(std::move(count));
    if (!looks) co_return LeaseLost{};
    if (*looks < kAbsentLooks) {
        co_return Later{"a create that got no answer may still take effect",
                        graces_.late_effect / (kAbsentLooks - 1)};
    }
    Effect confirmed = [this, machine](Tx& tx) { confirm_gone(tx, machine); };
    co_return Done{"gone", std::move(confirmed)};
}

boost::asio::awaitable<std::optional<Outcome>> Destroyer::destroy(Provider* provider,
                                                                  std::string external_id) {
    const auto destroyed = co_await provider->destroy(std::move(external_id));
    if (destroyed || destroyed.error().error_class == Class::gone) co_return std::nullopt;
    co_return again(destroyed.error());
}

void Destroyer::confirm_gone(Tx& tx, const Machine& machine) {
    record_gone(tx, machine.id);
    const auto present = find_machine(tx, machine.id);
    if (present && present->state == MachineState::detached) {
        transition(tx, *present, MachineState::archived, ports_.clock.now());
    }
}

}  // namespace lifecycle
