#include <fmt/format.h>

#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/rows/machines.hpp"

// What the control plane passes on to the daemons of machines.
namespace lifecycle {
namespace {

// How long a request waits for what a provider says, and how long that is news: many may want to
// know it of one machine at once.
constexpr Duration kPatienceForWay = std::chrono::seconds(5);
constexpr Duration kPatienceForReason = std::chrono::seconds(2);
constexpr Duration kFreshReason = std::chrono::seconds(3);

// A box is a stranger, and a browser takes its answer for one of ours. A page of it runs in an
// origin of its own, whose requests to us count as another site's, and it sets nothing for all of
// us.
void confine(Headers& headers) {
    for (const char* name : {"Service-Worker-Allowed", "Access-Control-Allow-Origin",
                             "Access-Control-Allow-Credentials", "Strict-Transport-Security"}) {
        headers.erase(name);
    }
    std::string& policy = headers["Content-Security-Policy"];
    policy += policy.empty() ? "" : ", ";
    policy += "sandbox allow-scripts allow-forms";
}

}  // namespace

boost::asio::awaitable<HttpResponse> Api::agents(std::string machine, HttpRequest) {
    auto read = [&machine](ReadTx& tx) -> Result<Machine> {
        auto found = find_machine(tx, machine);
        if (!found) return std::unexpected(no_such_machine(machine));
        return *found;
    };
    auto found = co_await store_.read(read);
    if (!found) co_return to_response(found.error());
    HttpRequest request;
    request.target = "/agents";
    co_return co_await forward(std::move(*found), std::move(request));
}

boost::asio::awaitable<HttpResponse> Api::proxy(std::string project, HttpRequest request) {
    auto read = [&project](ReadTx& tx) -> Result<Machine> {
        auto active = active_machine(tx, project);
        if (!active) {
            return std::unexpected(Error(ErrorCode::machine_unavailable,
                                         fmt::format("project {} has no active machine", project),
                                         "create a machine, or wait until its newest is active"));
        }
        return *active;
    };
    auto active = co_await store_.read(read);
    if (!active) co_return to_response(active.error());
    const std::string prefix = fmt::format("/v1/projects/{}/proxy", project);
    std::string target = request.target.substr(prefix.size());
    if (!target.starts_with('/')) target.insert(0, "/");
    request.target = std::move(target);
    co_return co_await forward(std::move(*active), std::move(request));
}

boost::asio::awaitable<HttpResponse> Api::forward(Machine machine, HttpRequest request) {
    if (machine.external_id.empty() || is_terminal(machine.state)) {
        co_return to_response(
            Error(ErrorCode::machine_unavailable,
                  fmt::format("machine {} is {} and has no resource", machine.id,
                              to_string(machine.state)),
                  is_terminal(machine.state) ? "create a new machine" : "wait until it is active"));
    }
    // What concerns only the connection to us goes no further (RFC 9110, 7.6.1).
    // Neither does what proves to us who asks: it is not for machines.
    for (const char* name : {"Authorization", "Host", "Connection", "Expect", "Keep-Alive",
                             "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Content-Length"}) {
        request.headers.erase(name);
    }
    if (providers_.find(machine.provider) == nullptr) {
        co_return to_response(Error(ErrorCode::machine_unavailable,
                                    no_such_provider(machine.provider),
                                    "start it with that provider"));
    }
    auto way = co_await way_to(machine);
    if (!way) {
        const Error error = co_await explain(std::move(machine), describe(way.error()));
        co_return to_response(error);
    }
    auto answer = co_await daemons_.send(*way, request);
    if (answer && answer->status == 401 && !way->headers.empty()) {
        // It may be the provider's own door that is shut: what opens it changes with each start.
        const auto fresh = co_await way_to(machine);
        if (fresh && fresh->headers != way->headers) {
            answer = co_await daemons_.send(*fresh, request);
        }
    }
    if (!answer) {
        const Error error =
            co_await explain(std::move(machine), std::string(to_string(answer.error())));
        co_return to_response(error);
    }
    if (answer->status >= 500 && machine.state == MachineState::detached) {
        co_return to_response(
            Error(ErrorCode::machine_unavailable,
                  fmt::format("machine {} has been replaced or retired", machine.id),
                  "use the project's active machine"));
    }
    if (answer->status >= 500 || answer->status < 200) {
        co_return to_response(
            Error(ErrorCode::machine_error,
                  fmt::format("machine {} answered {}", machine.id, answer->status),
                  "look at the log of the machine's daemon"));
    }
    confine(answer->headers);
    answer->headers["X-Vivarium-Machine"] = machine.id;
    co_return std::move(*answer);
}

boost::asio::awaitable<ProviderResult<Endpoint>> Api::way_to(Machine machine) {
    // None is kept: a box may have another address the next time.
    std::function<boost::asio::awaitable<ProviderResult<Endpoint>>()> read = [this, machine] {
        return daemons_.way_to(machine);
    };
    const auto way = co_await ways_.get(machine.id, std::move(read), Duration(0), kPatienceForWay);
    if (!way.in_time) {
        co_return std::unexpected(ProviderError(ProviderErrorClass::not_yet,
                                                "its provider does not say in time where it is"));
    }
    co_return *way.value;
}

boost::asio::awaitable<Error> Api::explain(Machine machine, std::string error) {
    Provider& provider = *providers_.find(machine.provider);
    std::function<boost::asio::awaitable<ProviderResult<Resource>>()> read =
        [&provider, id = machine.external_id] { return provider.get(id); };
    const auto seen =
        co_await sightings_.get(machine.id, std::move(read), kFreshReason, kPatienceForReason);
    std::string why = fmt::format("its daemon gave no answer ({})", error);
    std::string action = "try again in a moment";
    const bool known = seen.value && seen.value->has_value();
    const ResourceState state = known ? (*seen.value)->state : ResourceState::unknown;
    const bool gone =
        known ? state == ResourceState::destroyed || state == ResourceState::destroying
              : seen.value && seen.value->error().error_class == ProviderErrorClass::gone;
    if (gone) {
        reconciler_.hasten();
        why = "its provider no longer has it";
        action = machine.state == MachineState::detached ? "use the project's active machine"
                                                         : "create a new machine";
    } else if (known && state != ResourceState::started) {
        why = fmt::format("its provider says that it is {}", to_string(state));
    } else if (!seen.value) {
        why += ", nor did its provider in time";
    }
    ports_.telemetry.record("machine.unavailable", {{"machine", machine.id}, {"why", why}});
    co_return Error(ErrorCode::machine_unavailable,
                    fmt::format("machine {} is unavailable: {}", machine.id, why), action);
}

}  // namespace lifecycle
