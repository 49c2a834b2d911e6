#include "system/tasks/delegations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "system/identity/registration.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/json.hpp"
#include "system/model/secrets.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/projects.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// How long a box is left alone that does not take work: longer each time.
constexpr Duration kPauseFirst = seconds(5);
constexpr Duration kPauseLongest = std::chrono::minutes(5);
// Whoever becomes active is told of what waits.
constexpr Duration kWithoutMachine = std::chrono::minutes(1);
// Whoever has taken it may be dead, or may need that long.
constexpr Duration kRedeliverFirst = seconds(60);
constexpr Duration kRedeliverLongest = std::chrono::minutes(15);

Duration redeliver_after(std::int64_t deliveries) {
    return std::min(kRedeliverFirst * (std::int64_t{1} << std::min<std::int64_t>(deliveries, 6)),
                    kRedeliverLongest);
}

// Comes back after `after`, or when the delegation's time is up.
Later again(const Delegation& delegation, std::string reason, Duration after, Time now) {
    const Duration left = std::max(delegation.deadline - now, Duration(0));
    return {std::move(reason), std::min(after, left)};
}

std::string key_of(std::string_view delegation) {
    return fmt::format("delegation:{}", delegation);
}

HttpRequest request_of(const Delegation& delegation) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/delegations";
    request.headers["Content-Type"] = "application/json";
    // Whoever has seen the id before does the work once.
    request.headers["Idempotency-Key"] = delegation.id;
    request.body = json_text(json{{"id", delegation.id},
                                  {"agent", delegation.agent},
                                  {"payload", json_or_null(delegation.payload)}});
    return request;
}

// What has not been handed over yet waits for a box that takes work again.
void hasten_queued(Tx& tx, std::string_view project, Time now) {
    for (const Delegation& delegation : open_delegations(tx, project)) {
        if (delegation.state == DelegationState::queued)
            bring_forward(tx, key_of(delegation.id), now);
    }
}

}  // namespace

std::optional<Time> Pauses::of(const std::string& machine, Time now) const {
    const auto found = pauses_.find(machine);
    if (found == pauses_.end() || found->second.until <= now) return std::nullopt;
    return found->second.until;
}

Duration Pauses::lengthen(const std::string& machine, Time now) {
    std::erase_if(pauses_, [&](const auto& one) {
        return one.second.until + kPauseLongest < now && one.first != machine;
    });
    Pause& pause = pauses_[machine];
    // Those that were in hand together have failed once.
    if (now >= pause.until) {
        pause.length = std::clamp(2 * pause.length, kPauseFirst, kPauseLongest);
        pause.until = now + pause.length;
    }
    return pause.until - now;
}

bool Pauses::end(const std::string& machine) {
    return pauses_.erase(machine) > 0;
}

Error no_such_delegation(std::string_view id) {
    return {ErrorCode::not_found, fmt::format("there is no delegation {}", id.substr(0, 200)),
            "list the delegations of the project"};
}

Result<Delegation> delegate(Tx& tx, const DelegationRequest& request, const TaskOptions& options,
                            Time now) {
    if (!project_exists(tx, request.project)) {
        return std::unexpected(no_such_project(request.project));
    }
    if (!request.idempotency_key.empty()) {
        auto earlier = find_delegation_by_key(tx, request.project, request.idempotency_key);
        if (earlier && !earlier->digest.empty() && earlier->digest != request.digest) {
            return std::unexpected(reused_key());
        }
        if (earlier) return *std::move(earlier);
    }
    if (is_archived(tx, request.project)) return std::unexpected(archived_project(request.project));
    if (count_open_delegations(tx, request.project) >= options.max_open_delegations) {
        return std::unexpected(
            Error(ErrorCode::conflict,
                  fmt::format("project {} has {} delegations that have not ended", request.project,
                              options.max_open_delegations),
                  "wait until some of them have, or see whether its machine answers"));
    }
    Delegation wanted;
    wanted.project = request.project;
    wanted.agent = request.agent;
    wanted.payload = request.payload;
    wanted.digest = request.digest;
    wanted.created_at = now;
    wanted.deadline = now + request.timeout;
    Delegation made = insert_delegation(tx, std::move(wanted), request.idempotency_key);
    const std::string key = key_of(made.id);
    const auto active = active_machine(tx, made.project);
    const std::string provider = active ? active->provider : std::string();
    const Lane lane{provider, Work::hand, made.project};
    enqueue(tx, {kDelegate, made.id, key, key, "", lane, now}, now);
    return made;
}

Result<Delegation> conclude(Tx& tx, std::string_view id, std::string_view token,
                            DelegationState outcome, std::string_view result, Time now) {
    const auto shown = credential_of_token(tx, hash_of(token));
    if (!shown) {
        return std::unexpected(Error(ErrorCode::unauthorized, "this is no token of any machine",
                                     "register the boot, which gives it a token"));
    }
    const auto machine = authenticate(tx, shown->machine, token, now);
    if (!machine) return std::unexpected(machine.error());
    const auto found = find_delegation(tx, id);
    if (!found) return std::unexpected(no_such_delegation(id));
    if (found->project != machine->project) {
        return std::unexpected(
            Error(ErrorCode::forbidden,
                  fmt::format("delegation {} is another project's", id.substr(0, 200)),
                  "a box may speak for its own project only"));
    }
    if (machine->state != MachineState::active) {
        return std::unexpected(Error(ErrorCode::conflict,
                                     fmt::format("machine {} is not active", machine->id),
                                     "wait until it is"));
    }
    if (!end_delegation(tx, id, outcome, result, now) && found->state != outcome) {
        return std::unexpected(Error(ErrorCode::conflict,
                                     fmt::format("delegation {} is {} already: {}", id,
                                                 to_string(found->state), found->result),
                                     "leave it: nobody waits for it any more"));
    }
    return *find_delegation(tx, id);
}

void hasten_delegations(Tx& tx, std::string_view project, Time now) {
    for (const Delegation& delegation : open_delegations(tx, project)) {
        bring_forward(tx, key_of(delegation.id), now);
    }
}

Delegations::Delegations(Store& store, Ports ports, const Providers& providers,
                         DaemonOptions daemon)
    : store_(store), ports_(std::move(ports)), daemons_(ports_.http, providers, daemon) {}

void Delegations::install(Registry& registry) {
    registry.outbox.add(kDelegate, consumer());
}

Consumer Delegations::consumer() {
    Consumer consumer(UntilItsDeadline{});
    consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
    consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view reason) {
        end_delegation(tx, event.subject, DelegationState::failed, reason, ports_.clock.now());
    };
    return consumer;
}

boost::asio::awaitable<Outcome> Delegations::consume(Delivery delivery) {
    struct Found {
        std::optional<Delegation> delegation;
        std::optional<Machine> active;
    };
    auto read = [id = delivery.event().subject](ReadTx& tx) -> Found {
        Found found{find_delegation(tx, id), {}};
        if (found.delegation) found.active = active_machine(tx, found.delegation->project);
        return found;
    };
    auto found = co_await store_.read(std::move(read));
    if (!found.delegation) co_return Done{"there is no such delegation", {}};
    Delegation delegation = std::move(*found.delegation);
    if (delegation.ended()) co_return Done{std::string(to_string(delegation.state)), {}};
    if (ports_.clock.now() >= delegation.deadline) {
        const std::string why = fmt::format(
            "not processed in time; it was delivered {} times, last to {}", delegation.deliveries,
            delegation.machine.empty() ? "nobody" : delegation.machine);
        co_return Done{"its time is up", [this, id = delegation.id, why](Tx& tx) {
                           end_delegation(tx, id, DelegationState::failed, why, ports_.clock.now());
                       }};
    }
    if (!found.active) {
        co_return again(delegation, "the project has no active machine", kWithoutMachine,
                        ports_.clock.now());
    }
    const auto pause = pauses_.of(found.active->id, ports_.clock.now());
    if (pause) {
        co_return again(delegation, "its box does not take work", *pause - ports_.clock.now(),
                        ports_.clock.now());
    }
    auto outcome =
        co_await deliver(std::move(delivery), std::move(delegation), std::move(*found.active));
    co_return outcome;
}

boost::asio::awaitable<Outcome> Delegations::deliver(Delivery delivery, Delegation delegation,
                                                     Machine machine) {
    const auto refusal = co_await offer(delegation, machine);
    const Time now = ports_.clock.now();
    if (refusal) co_return again(delegation, *refusal, pauses_.lengthen(machine.id, now), now);
    const bool answers_again = pauses_.end(machine.id);
    auto record = [this, id = delegation.id, to = machine, answers_again](Tx& tx) -> Result<bool> {
        record_delivered(tx, id, to.id, ports_.clock.now());
        if (answers_again) hasten_queued(tx, to.project, ports_.clock.now());
        return true;
    };
    const auto recorded = co_await delivery.transact(std::move(record));
    if (!recorded) co_return LeaseLost{};
    co_return again(delegation, "delivered, and not processed yet",
                    redeliver_after(delegation.deliveries), ports_.clock.now());
}

boost::asio::awaitable<std::optional<std::string>> Delegations::offer(Delegation delegation,
                                                                      Machine machine) {
    HttpRequest request = request_of(delegation);
    const auto answer = co_await daemons_.ask(std::move(machine), std::move(request));
    if (!answer) co_return answer.error().why;
    if (answer->status < 200 || answer->status >= 300) {
        co_return fmt::format("the daemon answered {}", answer->status);
    }
    co_return std::nullopt;
}

}  // namespace lifecycle
