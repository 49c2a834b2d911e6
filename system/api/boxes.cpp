#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/tasks/delegations.hpp"

// What boxes say of themselves, each proving which it is.
namespace lifecycle {

using nlohmann::json;

Api::Answer Api::register_box(std::string machine, HttpRequest request) {
    const auto wanted = parse_registration(request, machine);
    if (!wanted) co_return to_response(wanted.error());
    auto change = [this, &wanted](Tx& tx) -> Result<Registered> {
        return register_boot(tx, key_, *wanted, identity_, ports_.clock.now());
    };
    const auto registered = co_await store_.transact(change);
    if (!registered) {
        const Error& refusal = registered.error();
        if (refusal.code == ErrorCode::unauthorized || refusal.code == ErrorCode::conflict) {
            // So that whoever looks at the project sees why its machine is not online.
            auto note = [&](Tx& tx) { note_refusal(tx, machine, refusal, ports_.clock.now()); };
            co_await store_.transact(note);
            outbox_.wake();
        }
        co_return to_response(refusal);
    }
    outbox_.wake();
    co_return to_response(200, json{{"token", registered->token},
                                    {"heartbeat_every_s", heartbeat_seconds()},
                                    {"machine", to_json(registered->machine, ports_.clock)}});
}

Api::Answer Api::status(std::string machine, HttpRequest request) {
    const auto reported = parse_status(request);
    if (!reported) co_return to_response(reported.error());
    const auto token = parse_token(request);
    if (!token) co_return to_response(token.error());
    auto change = [this, &machine, &reported, &token](Tx& tx) -> Result<Machine> {
        const Time now = ports_.clock.now();
        const auto who = authenticate(tx, machine, *token, now);
        if (!who) return who;
        return report_status(tx, machine, *reported, now);
    };
    const auto changed = co_await store_.transact(change);
    if (!changed) co_return to_response(changed.error());
    // An active machine's report leads to nothing.
    if (changed->state == MachineState::starting) outbox_.wake();
    co_return to_response(200, json{{"heartbeat_every_s", heartbeat_seconds()}});
}

Api::Answer Api::conclude_delegation(std::string delegation, HttpRequest request) {
    const auto said = parse_conclusion(request);
    if (!said) co_return to_response(said.error());
    const auto token = parse_token(request);
    if (!token) co_return to_response(token.error());
    auto change = [this, &delegation, &said, &token](Tx& tx) -> Result<Delegation> {
        return conclude(tx, delegation, *token, said->outcome, said->result, ports_.clock.now());
    };
    const auto concluded = co_await store_.transact(change);
    if (!concluded) co_return to_response(concluded.error());
    co_return to_response(200, json{{"delegation", to_json(*concluded, ports_.clock)}});
}

std::int64_t Api::heartbeat_seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(options_.heartbeat_every).count();
}

}  // namespace lifecycle
