#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "system/daemon/daemon_client.hpp"
#include "system/outbox/outbox.hpp"
#include "system/registry/registry.hpp"
#include "system/rows/delegations.hpp"

namespace lifecycle {

inline constexpr EventKind kDelegate{"delegation:deliver", EventKind::Lifetime::by_age};

struct TaskOptions {
    // Of one project: how many may be open, which is neither processed nor failed.
    std::int64_t max_open_delegations = 1000;
};

struct DelegationRequest {
    std::string project;
    std::string agent;
    std::string payload;  // JSON
    Duration timeout{0};
    std::string idempotency_key;  // empty: none
    std::string digest;           // of what was sent
};

Error no_such_delegation(std::string_view id);

// Work for the agent of a project's active machine, whichever that will be. The same idempotency
// key gives the delegation that it made before. Not found if there is no such project, conflict if
// it is archived, if the key was used for another request, or if as many as may be have not ended.
Result<Delegation> delegate(Tx& tx, const DelegationRequest& request, const TaskOptions& options,
                            Time now);

// What the agent says came of it: processed or failed. Only the project's active machine may,
// by its token: forbidden for another project's machine, conflict for one that is not active or if
// the delegation has ended otherwise. Saying the same again changes nothing.
Result<Delegation> conclude(Tx& tx, std::string_view delegation, std::string_view token,
                            DelegationState outcome, std::string_view result, Time now);

// The project has another active machine: what is not done goes to that one now.
void hasten_delegations(Tx& tx, std::string_view project, Time now);

// Machines whose boxes do not take work: each is left alone for longer each time. This process's
// own experience, which another has to make for itself.
class Pauses {
  public:
    // Until when; nothing if it is not left alone now.
    std::optional<Time> of(const std::string& machine, Time now) const;
    // It has not taken work again: how long it is left alone.
    Duration lengthen(const std::string& machine, Time now);
    // It has; whether it had not before.
    bool end(const std::string& machine);

  private:
    struct Pause {
        Duration length{0};
        Time until{};
    };
    std::map<std::string, Pause> pauses_;
};

// Consumer of delegation:deliver. Brings a delegation to the active machine's daemon, and again
// every while, under one id, until the agent has concluded it or its time is up. Delivered is not
// processed: only the agent ends it, or the deadline does.
class Delegations {
  public:
    // All must outlive it.
    Delegations(Store& store, Ports ports, const Providers& providers, DaemonOptions daemon);

    void install(Registry& registry);
    Consumer consumer();

  private:
    boost::asio::awaitable<Outcome> consume(Delivery delivery);
    boost::asio::awaitable<Outcome> deliver(Delivery delivery, Delegation delegation,
                                            Machine machine);
    // Why the machine's box has not taken it; nothing if it has.
    boost::asio::awaitable<std::optional<std::string>> offer(Delegation delegation,
                                                             Machine machine);

    Store& store_;
    Ports ports_;
    DaemonClient daemons_;
    Pauses pauses_;
};

}  // namespace lifecycle
