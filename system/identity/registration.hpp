#pragma once

#include <string>
#include <string_view>

#include "system/model/machine.hpp"
#include "system/model/secrets.hpp"
#include "system/store/store.hpp"

// Who a box is. A box proves itself once with the bootstrap secret that its machine was created
// with, and from then on with the token that it got for it.
namespace lifecycle {

struct IdentityOptions {
    // How long a report makes a box count as online.
    Duration online_for = std::chrono::seconds(90);
    // Boots within ten minutes that are not a crash loop yet.
    std::int64_t max_boots = 10;
};

struct Registration {
    std::string machine;
    std::string secret;  // the machine's bootstrap secret
    std::string boot;    // a nonce that the box chose when it booted
    std::string token;   // that it was given in an earlier boot; empty: it has none
    DaemonStatus status = DaemonStatus::booting;
};

// Whether that may be the nonce of a boot: 8 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'.
bool is_boot(std::string_view nonce);

struct Registered {
    std::string token;
    Machine machine;
};

// Gives a boot its token. The same boot gets the same token, however often it asks: an answer may
// have been lost. Another boot of the machine takes its place at once if it shows the machine's
// valid token, and else once the boot that holds that has been silent for `online_for`: until then
// it is told to wait. So is one whose place was taken: time alone does not say which of two is the
// machine. Every boot of a machine that was replaced or retired is told so for good.
//   not_found     no such machine, or not yet: worth another try
//   unauthorized  the secret is not the machine's
//   conflict      another boot of the machine is alive: worth another try
//   superseded    the machine has been replaced: stop
// A machine that boots again and again is given up: see `max_boots`.
Result<Registered> register_boot(Tx& tx, const IdentityKey& key, const Registration& registration,
                                 const IdentityOptions& options, Time now);

// The machine that a token speaks for, which has to be that one. Counts as a sign of life.
//   not_found     no such machine
//   unauthorized  nobody's token, or that of a boot whose place was taken
//   forbidden     another machine's token
//   superseded    the machine has been replaced
Result<Machine> authenticate(Tx& tx, std::string_view machine, std::string_view token, Time now);

// Makes the boot the one that is the machine, and its token the only valid one, which it gets when
// it registers. Counts it, and gives the machine up if there have been too many.
std::string hand_over(Tx& tx, const IdentityKey& key, const Machine& machine, std::string_view boot,
                      const IdentityOptions& options, Time now);

// Makes the machine's token invalid at once; its box is given another when it asks.
Result<Machine> rotate_token(Tx& tx, const IdentityKey& key, std::string_view machine, Time now);

// Writes down on the project that a box of its machine could not register, at most every ten
// minutes. If another boot has the place, an arbitration is enqueued.
void note_refusal(Tx& tx, std::string_view machine, const Error& refusal, Time now);

}  // namespace lifecycle
