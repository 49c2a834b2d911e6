#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system/store/store.hpp"

// What is over, and how it is forgotten. Each call forgets at most `limit` rows and says how many.
// A row that guards against doing something twice is kept as long as anybody may ask for that.
namespace lifecycle {

// Machines that ended before then, oldest first: archived or failed, with no resource that is owed
// and no event that is pending. The newest machine of a project is kept: the next is like it.
std::vector<std::string> machines_over(ReadTx& tx, Time before, std::int64_t limit);
// The machine's row, and every row that is about it alone: its events, history, credentials and
// resource, and with them its idempotency key.
void forget_machine(Tx& tx, std::string_view machine);

// Delegations that ended before then, with their idempotency keys.
std::int64_t forget_delegations(Tx& tx, Time before, std::int64_t limit);
// Settled events of that kind that were accepted before then.
std::int64_t forget_events(Tx& tx, std::string_view kind, Time before, std::int64_t limit);
// What happened before then to machines that live on.
std::int64_t forget_history(Tx& tx, Time before, std::int64_t limit);
// Of boots of machines that live on: superseded, and given before then.
std::int64_t forget_credentials(Tx& tx, Time before, std::int64_t limit);
// What was wrong with projects until then, and is not any more.
std::int64_t forget_errors(Tx& tx, Time before, std::int64_t limit);
// Requests for machines that were made before then, with their idempotency keys: answered, and the
// machine is forgotten, or never came to be.
std::int64_t forget_requests(Tx& tx, Time before, std::int64_t limit);
// Volumes that are gone, that no machine names, and whose destruction is forgotten.
std::int64_t forget_volumes(Tx& tx, std::int64_t limit);

}  // namespace lifecycle
