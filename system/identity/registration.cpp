#include "system/identity/registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/identity/arbiter.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/reasons.hpp"
#include "system/model/signature.hpp"
#include "system/routing/router.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/project_errors.hpp"

namespace lifecycle {
namespace {

constexpr Duration kBootWindow = std::chrono::minutes(10);
constexpr Duration kBetweenRefusals = std::chrono::minutes(10);

Error superseded(std::string what) {
    return {ErrorCode::superseded, std::move(what), "stop, and do not ask again"};
}

Error unauthorized(std::string what, std::string advice) {
    return {ErrorCode::unauthorized, std::move(what), std::move(advice)};
}

Result<Machine> serving(ReadTx& tx, std::string_view id) {
    auto machine = find_machine(tx, id);
    if (!machine) return std::unexpected(no_such_machine(id));
    if (!in_service(*machine)) {
        return std::unexpected(superseded(
            fmt::format("machine {} is {}: replaced or retired", id, to_string(machine->state))));
    }
    return *std::move(machine);
}

// Whether a boot that has no token yet may have one now.
Result<void> may_take_over(ReadTx& tx, const Registration& wanted, const IdentityOptions& options,
                           Time now) {
    const auto holder = live_credential(tx, wanted.machine);
    if (!holder) return {};
    if (equal_in_constant_time(hash_of(wanted.token), holder->token_hash)) return {};
    if (now - presence_of(tx, wanted.machine).seen_at >= options.online_for) return {};
    return std::unexpected(Error(ErrorCode::conflict,
                                 fmt::format("another boot of machine {} is alive", wanted.machine),
                                 "try again later: the place is free when that falls silent"));
}

// Counts the boot; false if the machine has booted too often to be worth another.
bool count_boot(Tx& tx, std::string_view machine, const IdentityOptions& options, Time now) {
    const Presence presence = presence_of(tx, machine);
    const bool recent = now - presence.boots_since < kBootWindow;
    const std::int64_t boots = recent ? presence.boots + 1 : 1;
    record_boots(tx, machine, boots, recent ? presence.boots_since : now);
    return boots <= options.max_boots;
}

void give_up(Tx& tx, const Machine& machine, const IdentityOptions& options, Time now) {
    const std::string reason = fmt::format(
        "{}: more than {} boots within {} minutes", to_text(Reason::crash_loop), options.max_boots,
        std::chrono::duration_cast<std::chrono::minutes>(kBootWindow).count());
    fail_machine(tx, machine.id, reason, now);
    lose_machine(tx, machine.id, reason, now);
}

// The machine's box has proved itself.
void hear(Tx& tx, const Machine& machine, Time now) {
    record_seen(tx, machine.id, now);
    end_error_about(tx, machine.project, ErrorSubject::registration, machine.id, now);
    end_error_about(tx, machine.project, ErrorSubject::silence, machine.id, now);
}

}  // namespace

bool is_boot(std::string_view nonce) {
    const auto is_plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    };
    return nonce.size() >= 8 && nonce.size() <= 64 && std::ranges::all_of(nonce, is_plain);
}

Result<Registered> register_boot(Tx& tx, const IdentityKey& key, const Registration& wanted,
                                 const IdentityOptions& options, Time now) {
    if (!equal_in_constant_time(wanted.secret, key.bootstrap_secret(wanted.machine))) {
        return std::unexpected(
            unauthorized(fmt::format("a box without the secret of machine {} wants to be it",
                                     wanted.machine.substr(0, 200)),
                         "send the secret that the machine was created with"));
    }
    auto machine = serving(tx, wanted.machine);
    if (!machine) return std::unexpected(machine.error());
    const auto known = find_credential(tx, wanted.machine, wanted.boot);
    const bool holds = known && !known->superseded;
    if (!holds) {
        if (auto may = may_take_over(tx, wanted, options, now); !may) {
            return std::unexpected(may.error());
        }
    }
    hear(tx, *machine, now);
    // Whoever starts anew may do so at another address.
    if (!known && machine->state == MachineState::active) enqueue_route(tx, *machine, now);
    std::string token = holds ? key.token(wanted.machine, wanted.boot, known->epoch)
                              : hand_over(tx, key, *machine, wanted.boot, options, now);
    auto after = find_machine(tx, wanted.machine);
    if (!in_service(*after)) return Registered{std::move(token), *std::move(after)};
    auto reported = report_status(tx, wanted.machine, wanted.status, now);
    if (!reported) return std::unexpected(reported.error());
    return Registered{std::move(token), *std::move(reported)};
}

std::string hand_over(Tx& tx, const IdentityKey& key, const Machine& machine, std::string_view boot,
                      const IdentityOptions& options, Time now) {
    const bool first = !find_credential(tx, machine.id, boot);
    const std::int64_t epoch = newest_epoch(tx, machine.id) + 1;
    std::string token = key.token(machine.id, boot, epoch);
    replace_credential(tx, {machine.id, std::string(boot), epoch, hash_of(token), false}, now);
    tx.tell("box.registered", {{"machine", machine.id}, {"epoch", epoch}});
    if (first && !count_boot(tx, machine.id, options, now)) give_up(tx, machine, options, now);
    return token;
}

Result<Machine> authenticate(Tx& tx, std::string_view id, std::string_view token, Time now) {
    const auto shown = credential_of_token(tx, hash_of(token));
    if (shown && shown->machine != id) {
        return std::unexpected(
            Error(ErrorCode::forbidden,
                  fmt::format("this token is not that of machine {}", id.substr(0, 200)),
                  "a box may speak for its own machine only"));
    }
    auto machine = serving(tx, id);
    if (!machine) return machine;
    if (!shown) {
        return std::unexpected(
            unauthorized(fmt::format("this is no token of machine {}", id.substr(0, 200)),
                         "register the boot, which gives it a token"));
    }
    if (shown->superseded) {
        return std::unexpected(unauthorized(
            fmt::format("another boot of machine {} has taken this one's place", id),
            "register again: whichever answers at the machine's address gets the place"));
    }
    hear(tx, *machine, now);
    return machine;
}

Result<Machine> rotate_token(Tx& tx, const IdentityKey& key, std::string_view id, Time now) {
    auto machine = serving(tx, id);
    if (!machine) {
        return std::unexpected(Error(machine.error().code == ErrorCode::superseded
                                         ? ErrorCode::conflict
                                         : machine.error().code,
                                     machine.error().message, "only a machine in service has one"));
    }
    auto credential = live_credential(tx, id);
    if (credential) {
        ++credential->epoch;
        credential->token_hash = hash_of(key.token(id, credential->boot, credential->epoch));
        replace_credential(tx, *credential, now);
        record_history(tx, id, now, "token rotated", "");
    }
    return machine;
}

void note_refusal(Tx& tx, std::string_view id, const Error& refusal, Time now) {
    const auto machine = find_machine(tx, id);
    if (!machine || !in_service(*machine)) return;
    const auto holder = live_credential(tx, id);
    if (refusal.code == ErrorCode::conflict && holder) enqueue_arbitration(tx, id, now);
    // Anybody may be refused, as often as they like: the first says enough for a while.
    const auto noted = newest_error(tx, machine->project, ErrorSubject::registration);
    if (noted && noted->since <= now && now - noted->since < kBetweenRefusals) return;
    open_error(tx, machine->project, ErrorSubject::registration, id,
               fmt::format("machine {} cannot register: {}", id, refusal.message), now);
    tx.tell("box.refused", {{"machine", id}, {"why", refusal.message}});
}

}  // namespace lifecycle
