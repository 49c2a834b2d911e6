#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "system/ports/telemetry.hpp"

namespace lifecycle {

// Told when an exception that nobody expected was contained: facts `where` and `what`.
inline constexpr std::string_view kBug = "bug.contained";
// Told when work ended because the store cannot take a transaction now: the same facts.
inline constexpr std::string_view kStoreUnavailable = "store.unavailable";

enum class Ending : std::uint8_t { completed, bug, store_unavailable };

// Runs one piece of work that must not take the process down with it: one request, one delivery,
// one round. What goes wrong in it is told and ends only that piece; the rest of the system goes
// on. Only a failing store passes through: nothing can be trusted then, and the process has to end.
// `telemetry` outlives the work; `where` says in the log which piece it was.
[[nodiscard]] boost::asio::awaitable<Ending> contain(Telemetry* telemetry, std::string where,
                                                     boost::asio::awaitable<void> work);

}  // namespace lifecycle
