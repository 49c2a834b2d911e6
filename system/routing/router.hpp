#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "system/daemon/daemon_client.hpp"
#include "system/outbox/outbox.hpp"
#include "system/providers/providers.hpp"
#include "system/registry/registry.hpp"
#include "system/routing/route_table.hpp"

namespace lifecycle {

inline constexpr EventKind kRoute{"project:route", EventKind::Lifetime::with_machine};
inline constexpr EventKind kRouteEnd{"project:route-end", EventKind::Lifetime::with_machine};

// A machine became the active one of its project, or may be elsewhere: its record has to say where
// it is. One event for each machine, however often it moves.
void enqueue_route(Tx& tx, const Machine& machine, Time now);
// The provider says that the machine has that address: its row, and its record if it is in service,
// follow. Nothing if that is known.
void follow_address(Tx& tx, std::string_view machine, std::string_view address, Time now);
// The active machine left service, and none took its place: the record leads nowhere any more.
void enqueue_route_end(Tx& tx, const Machine& machine, Time now);

// Consumer of project:route. Makes the project's record follow its active machine, wherever that
// goes: it names none while the machine does not run, and never goes back to an older generation,
// whatever is delayed, repeated or done twice. The record of a project without an active machine
// stays, and names none: if it were deleted, a write that was delayed could bring it back.
class Router {
  public:
    Router(Store& store, HttpClient& http, const Providers& providers, DaemonOptions daemon,
           RouteTableOptions table)
        : store_(store), daemons_(http, providers, daemon), table_(http, std::move(table)) {}

    void install(Registry& registry);

    Consumer consumer();
    // Consumer of project:route-end.
    Consumer ender();

  private:
    boost::asio::awaitable<Outcome> follow(Delivery delivery);
    boost::asio::awaitable<Outcome> end(Delivery delivery);
    boost::asio::awaitable<std::optional<Machine>> machine_of(Delivery delivery);
    // Makes the record, which was seen to be `present`, say what is wanted; false if it says the
    // same or something newer.
    RouteTable::Reply<bool> write(std::string project, Route present, Route wanted);

    Store& store_;
    DaemonClient daemons_;
    RouteTable table_;
};

}  // namespace lifecycle
