#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "system/ports/telemetry.hpp"

namespace lifecycle {

// Told when an exception that nobody expected was contained: facts `where` and `what`.
inline constexpr std::string_view kBug = "bug.contained";

enum class Ending : std::uint8_t { completed, bug };

// Runs one piece of work that must not take the process down with it: one request, one delivery,
// one round. A bug in it is told and ends only that piece; the rest of the system goes on. Only a
// failing store passes through: nothing can be trusted then, and the process has to end.
// `telemetry` outlives the work; `where` says in the log which piece it was.
boost::asio::awaitable<Ending> contain(Telemetry* telemetry, std::string where,
                                       boost::asio::awaitable<void> work);

}  // namespace lifecycle
