#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/model/machine.hpp"
#include "system/store/store.hpp"

// Who asked for which machine. One machine of a project starts at a time, and one request at most
// waits for it: the newest. Each runs in the transaction given.
namespace lifecycle {

struct MachineRequest {
    std::int64_t id = 0;  // 0: not kept yet
    std::string project;
    std::string provider;  // empty: the one that the options name
    MachineSpec spec;
    std::string idempotency_key;  // empty: none
    // Of what was sent: the same key with another is another request. Empty: any goes with the key.
    std::string digest;
    Duration may_take{0};    // until the machine has to be active, once it is its turn
    std::string machine;     // that came of it; empty: none yet, or none ever
    bool withdrawn = false;  // none ever
    Time asked_at{};
};

std::optional<MachineRequest> find_request(ReadTx& tx, std::string_view project,
                                           std::string_view idempotency_key);
// The one that waits.
std::optional<MachineRequest> waiting_request(ReadTx& tx, std::string_view project);

// Keeps a request that waits, in the place of whichever waited: what comes of this one comes of
// that one.
void keep_waiting(Tx& tx, const MachineRequest& request, Time now);
// That machine came of the request, and of all that had waited in its place.
void keep_begun(Tx& tx, const MachineRequest& request, std::string_view machine, Time now);
// Nothing comes of whatever waits.
void withdraw_requests(Tx& tx, std::string_view project);

}  // namespace lifecycle
