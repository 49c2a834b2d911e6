#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/delegation.hpp"
#include "system/ports/time.hpp"
#include "system/rows/page.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// Work that a project's agent is to do.
struct Delegation {
    std::string id;  // "<project>.<number>"
    std::string project;
    std::string agent;
    std::string payload;  // the agent's own business: JSON as text
    DelegationState state = DelegationState::queued;
    std::string machine;  // that it was last delivered to; empty: none
    std::int64_t deliveries = 0;
    std::string result;  // what the agent said of it, or why it failed
    Time deadline{};
    Time created_at{};
    Time updated_at{};        // when it ended, if it has
    std::string digest;       // of what was sent; empty: nobody knows
    std::int64_t number = 0;  // within its project, never given again
    bool ended() const { return is_terminal(state); }
};

std::optional<Delegation> find_delegation(ReadTx& tx, std::string_view id);
std::optional<Delegation> find_delegation_by_key(ReadTx& tx, std::string_view project,
                                                 std::string_view idempotency_key);
// Without their payloads. Oldest first; the page goes by number.
std::vector<Delegation> delegations_of(ReadTx& tx, std::string_view project, const Page& page);
// Those that have not ended, without their payloads, oldest first.
std::vector<Delegation> open_delegations(ReadTx& tx, std::string_view project);

std::int64_t count_open_delegations(ReadTx& tx, std::string_view project);

// Gives it its id. An empty key stands for no other request than this one.
Delegation insert_delegation(Tx& tx, Delegation delegation, std::string_view idempotency_key);
// Nothing if it has ended.
void record_delivered(Tx& tx, std::string_view id, std::string_view machine, Time now);
// All of the project that have not ended have failed.
void fail_delegations(Tx& tx, std::string_view project, std::string_view reason, Time now);
// False, changing nothing, if it has ended.
bool end_delegation(Tx& tx, std::string_view id, DelegationState to, std::string_view result,
                    Time now);

}  // namespace lifecycle
