#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "system/api/door.hpp"
#include "system/concurrency/shared_reads.hpp"
#include "system/daemon/daemon_client.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/options.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/model/error.hpp"
#include "system/model/secrets.hpp"
#include "system/outbox/outbox.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/providers.hpp"
#include "system/store/store.hpp"
#include "system/tasks/delegations.hpp"
#include "system/telemetry/counters.hpp"
#include "system/telemetry/gauges.hpp"

namespace lifecycle {

// Who a route is for, and with that how its callers prove who they are.
enum class Audience : std::uint8_t {
    client,    // whoever has the admin's token; at the clients' door
    box,       // a machine's secret or token, which the handler checks; at the boxes' door
    webhook,   // a signature, which the handler checks; at the clients' door
    balancer,  // nothing is proved; at the clients' door
    stranger,  // nothing is proved; at the boxes' door
};

struct ApiOptions {
    // SHA-256 of the token that clients prove themselves by; empty: nobody has to, which only a
    // loopback address may offer.
    std::string admin_token_hash = {};
    std::string github_secret = {};  // of webhooks; empty: they are refused
    // How often a box is told to report.
    Duration heartbeat_every = std::chrono::seconds(30);
};

// The HTTP face of the control plane: docs/api.md lists its routes, api/routes.cpp is the table.
class Api {
  public:
    // What it answers from, and for whom it speaks. All of it outlives the API.
    struct Parts {
        Store& store;
        Outbox& outbox;
        Ports ports;
        TaskGroup& tasks;
        const Providers& providers;
        Reconciler& reconciler;
        const Counters& counters;
        const Gauges& gauges;
        const IdentityKey& key;
        MachineDefaults machines;
        IdentityOptions identity;
        DaemonOptions daemon;
        TaskOptions delegations;
    };
    Api(Parts parts, ApiOptions options);

    // One line of the table, as docs/api.md lists it.
    struct ListedRoute {
        std::string_view method;   // "*": every one that we take
        std::string_view pattern;  // "/v1/projects/{project}/proxy/..."
        Audience audience;
    };
    static std::vector<ListedRoute> listed_routes();

    // Never throws but for a failing store: whatever else goes wrong is an answer.
    boost::asio::awaitable<HttpResponse> handle(Door door, HttpRequest request);

    // The longest body that this request may have, in bytes; its own body is not looked at.
    std::size_t max_body_bytes(Door door, const HttpRequest& head) const;

  private:
    using Answer = boost::asio::awaitable<HttpResponse>;

    // `subject` is what the path names: a project, a machine or a delegation; empty if nothing.
    using Handler = Answer (Api::*)(std::string subject, HttpRequest request);

    // One line of the table. It cannot be written without saying whom it is for.
    struct Route : ListedRoute {
        constexpr Route(std::string_view verb, std::string_view path, Audience whom, Handler what)
            : ListedRoute{verb, path, whom}, handler(what) {}
        Handler handler;
    };
    static std::span<const Route> routes();

    // Which line a request is for, what its path names, and what else its path would take.
    struct Match {
        const Route* route = nullptr;  // null: see `allowed`
        std::string_view pattern;      // empty: there is no such path
        std::string subject;
        std::string allowed;
    };
    static Match match(Door door, const HttpRequest& request);

    boost::asio::awaitable<void> answer(Door door, Match found, HttpRequest request,
                                        HttpResponse* response);
    Result<void> admit(Door door, const Match& match, const HttpRequest& request) const;

    Answer create(std::string project, HttpRequest request);
    Answer list(std::string project, HttpRequest request);
    Answer project(std::string project, HttpRequest request);
    Answer errors(std::string project, HttpRequest request);
    Answer recreate(std::string project, HttpRequest request);
    Answer delegate_work(std::string project, HttpRequest request);
    Answer delegation(std::string delegation, HttpRequest request);
    Answer delegations(std::string project, HttpRequest request);
    Answer snapshot(std::string project, HttpRequest request);
    Answer conclude_delegation(std::string delegation, HttpRequest request);
    Answer archive(std::string project, HttpRequest request);
    Answer bind(std::string project, HttpRequest request);
    Answer get(std::string machine, HttpRequest request);
    Answer retire(std::string machine, HttpRequest request);
    Answer restart(std::string machine, HttpRequest request);
    Answer history(std::string machine, HttpRequest request);
    Answer register_box(std::string machine, HttpRequest request);
    Answer status(std::string machine, HttpRequest request);
    Answer rotate(std::string machine, HttpRequest request);
    Answer agents(std::string machine, HttpRequest request);
    Answer proxy(std::string project, HttpRequest request);
    Answer push(std::string nothing, HttpRequest request);
    Answer reconcile(std::string nothing, HttpRequest request);
    Answer metrics(std::string nothing, HttpRequest request);
    Answer health(std::string nothing, HttpRequest request);
    Answer alive(std::string nothing, HttpRequest request);

    // A machine as every answer shows it.
    nlohmann::json shown(const Machine& machine) const;

    // Sends a request on to a machine's daemon. A machine that does not answer is unavailable, and
    // the answer says why as far as its provider knows.
    Answer forward(Machine machine, HttpRequest request);
    boost::asio::awaitable<Error> explain(Machine machine, std::string error);
    // Where the machine's daemon is; not_yet if its provider does not say so in time.
    boost::asio::awaitable<ProviderResult<Endpoint>> way_to(Machine machine);
    std::int64_t heartbeat_seconds() const;

    Store& store_;
    Outbox& outbox_;
    Ports ports_;
    const Providers& providers_;
    Reconciler& reconciler_;
    const Counters& counters_;
    const Gauges& gauges_;
    const IdentityKey& key_;
    MachineDefaults machines_;
    IdentityOptions identity_;
    TaskOptions delegations_;
    DaemonClient daemons_;
    ApiOptions options_;
    SharedReads<ProviderResult<Endpoint>> ways_;       // by machine
    SharedReads<ProviderResult<Resource>> sightings_;  // by machine
};

}  // namespace lifecycle
