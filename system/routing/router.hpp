#pragma once

#include <boost/asio/awaitable.hpp>

#include "system/outbox/outbox.hpp"
#include "system/routing/route_table.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {

inline constexpr std::string_view kRoute = "project:route";

// A machine became the active one of its project: its record has to say so. One event for each
// activation, in order.
void enqueue_route(Tx& tx, const Machine& machine, Time now);

// Consumer of project:route. Makes the project's record follow its active machine: a record changes
// at most once for an activation, never back to an older generation, whatever is delayed, repeated
// or done twice.
class Router {
  public:
    Router(Store& store, HttpClient& http, RouteTableOptions options)
        : store_(store), table_(http, std::move(options)) {}
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);

    Store& store_;
    RouteTable table_;
};

}  // namespace lifecycle
