#include "system/api/api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "system/api/json.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/providers/url.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

// The parts of a path between its slashes; the query is left out.
std::vector<std::string> segments_of(std::string_view target) {
    std::vector<std::string> segments;
    target = target.substr(0, target.find('?'));
    while (!target.empty()) {
        target.remove_prefix(1);
        const auto slash = target.find('/');
        segments.emplace_back(target.substr(0, slash));
        target = slash == std::string_view::npos ? std::string_view() : target.substr(slash);
    }
    return segments;
}

Error no_such_route(std::string_view target) {
    return {ErrorCode::not_found, fmt::format("there is no route {}", target.substr(0, 200)),
            "see the list of routes in docs/api.md"};
}

Error no_such_machine(std::string_view id) {
    return {ErrorCode::not_found, fmt::format("there is no machine {}", id.substr(0, 200)),
            "list the machines of the project"};
}

HttpResponse wrong_method(std::string_view method, std::string_view allowed) {
    HttpResponse response =
        to_response(Error(ErrorCode::method_not_allowed,
                          fmt::format("this route does not take {}", method.substr(0, 40)),
                          fmt::format("use {}", allowed)));
    response.headers["Allow"] = std::string(allowed);
    return response;
}

struct CreateRequest {
    MachineSpec spec;
    std::string idempotency_key;
};

Result<CreateRequest> parse_create(const HttpRequest& request) {
    CreateRequest create;
    const auto body = parse_object(request.body);
    if (!body) return std::unexpected(body.error());
    if (auto known = only_fields(*body, {"image", "region", "cpus", "memory_mb"}); !known) {
        return std::unexpected(known.error());
    }
    const auto image = text_field(*body, "image", "");
    if (!image) return std::unexpected(image.error());
    if (image->empty()) {
        return std::unexpected(Error(ErrorCode::bad_request, "the field \"image\" is missing",
                                     "name the image that the machine runs"));
    }
    const auto region = text_field(*body, "region", "");
    if (!region) return std::unexpected(region.error());
    const auto cpus = integer_field(*body, "cpus", 1, 1, 64);
    if (!cpus) return std::unexpected(cpus.error());
    const auto memory = integer_field(*body, "memory_mb", 256, 256, 1'048'576);
    if (!memory) return std::unexpected(memory.error());
    create.spec = {*image, *region, *cpus, *memory};
    if (const auto key = request.headers.find("Idempotency-Key"); key != request.headers.end()) {
        create.idempotency_key = key->second;
    }
    if (create.idempotency_key.size() > 200) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     "the Idempotency-Key is longer than 200 bytes",
                                     "send a shorter one"));
    }
    // A prefix keeps what clients choose apart from the machine ids that stand in for a missing
    // key.
    if (!create.idempotency_key.empty()) create.idempotency_key.insert(0, "client:");
    return create;
}

Result<DaemonStatus> parse_status(const HttpRequest& request) {
    const auto body = parse_object(request.body);
    if (!body) return std::unexpected(body.error());
    if (auto known = only_fields(*body, {"status"}); !known) return std::unexpected(known.error());
    const auto text = text_field(*body, "status", "");
    if (!text) return std::unexpected(text.error());
    const auto status = parse_daemon_status(*text);
    if (!status || *status == DaemonStatus::silent) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     "the field \"status\" has to be \"booting\" or \"ready\"",
                                     "correct the field and send the request again"));
    }
    return *status;
}

}  // namespace

Api::Api(Store& store, Outbox& outbox, Ports ports, Provider& provider, LifecycleOptions options)
    : store_(store),
      outbox_(outbox),
      ports_(std::move(ports)),
      provider_(provider),
      options_(std::move(options)) {}

boost::asio::awaitable<HttpResponse> Api::handle(HttpRequest request) {
    if (request.body.size() > kLongestBody) {
        co_return to_response(Error(ErrorCode::too_large,
                                    fmt::format("the body has {} bytes, and {} is the most",
                                                request.body.size(), kLongestBody),
                                    "send a smaller body"));
    }
    if (!request.target.starts_with('/')) {
        co_return to_response(no_such_route(request.target));
    }
    HttpResponse response = co_await route(std::move(request));
    co_return response;
}

boost::asio::awaitable<HttpResponse> Api::route(HttpRequest request) {
    const std::vector<std::string> path = segments_of(request.target);
    const std::string method = request.method;
    const bool v1 = !path.empty() && path[0] == "v1";
    if (v1 && path.size() == 2 && path[1] == "health") {
        if (method != "GET") co_return wrong_method(method, "GET");
        co_return to_response(200, json{{"status", "ok"}});
    }
    if (v1 && path.size() >= 4 && path[1] == "projects") {
        if (!is_valid_project_id(path[2])) {
            co_return to_response(
                Error(ErrorCode::bad_request,
                      fmt::format("{} is not a project id", path[2].substr(0, 200)),
                      "use 1 to 40 of a-z, 0-9 and -, beginning with a letter"));
        }
        if (path[3] == "proxy") {
            const std::string prefix = fmt::format("/v1/projects/{}/proxy", path[2]);
            std::string target = request.target.substr(prefix.size());
            if (!target.starts_with('/')) target.insert(0, "/");
            co_return co_await proxy(path[2], std::move(target), std::move(request));
        }
        if (path.size() == 4 && path[3] == "machines") {
            if (method == "POST") co_return co_await create(path[2], std::move(request));
            if (method == "GET") co_return co_await list(path[2]);
            co_return wrong_method(method, "GET, POST");
        }
    }
    if (v1 && path.size() >= 3 && path[1] == "machines") {
        if (path.size() == 3) {
            if (method != "GET") co_return wrong_method(method, "GET");
            co_return co_await get(path[2]);
        }
        if (path.size() == 4 && path[3] == "agents") {
            if (method != "GET") co_return wrong_method(method, "GET");
            co_return co_await agents(path[2]);
        }
        if (path.size() == 4 && (path[3] == "retire" || path[3] == "status")) {
            if (method != "POST") co_return wrong_method(method, "POST");
            if (path[3] == "retire") co_return co_await retire(path[2], std::move(request));
            co_return co_await status(path[2], std::move(request));
        }
    }
    co_return to_response(no_such_route(request.target));
}

boost::asio::awaitable<HttpResponse> Api::create(std::string project, HttpRequest request) {
    const auto wanted = parse_create(request);
    if (!wanted) co_return to_response(wanted.error());
    auto insert = [this, &project, &wanted](Tx& tx) -> Result<Machine> {
        return create_machine(tx, project, wanted->spec, wanted->idempotency_key, options_,
                              ports_.clock.now());
    };
    const auto machine = co_await store_.transact(insert);
    if (!machine) co_return to_response(machine.error());
    outbox_.wake();
    co_return to_response(202, json{{"machine", to_json(*machine)}});
}

boost::asio::awaitable<HttpResponse> Api::list(std::string project) {
    auto read = [&project](Tx& tx) -> Result<std::vector<Machine>> {
        if (!project_exists(tx, project)) {
            return std::unexpected(Error(ErrorCode::not_found,
                                         fmt::format("there is no project {}", project),
                                         "create its first machine to make it"));
        }
        return machines_of(tx, project);
    };
    const auto machines = co_await store_.transact(read);
    if (!machines) co_return to_response(machines.error());
    json listed = json::array();
    for (const Machine& machine : *machines) listed.push_back(to_json(machine));
    co_return to_response(200, json{{"machines", std::move(listed)}});
}

boost::asio::awaitable<HttpResponse> Api::get(std::string machine) {
    auto read = [&machine](Tx& tx) -> Result<Machine> {
        auto found = find_machine(tx, machine);
        if (!found) return std::unexpected(no_such_machine(machine));
        return *found;
    };
    const auto found = co_await store_.transact(read);
    if (!found) co_return to_response(found.error());
    co_return to_response(200, json{{"machine", to_json(*found)}});
}

boost::asio::awaitable<HttpResponse> Api::retire(std::string machine, HttpRequest request) {
    const auto body = parse_object(request.body);
    if (!body) co_return to_response(body.error());
    if (auto known = only_fields(*body, {}); !known) co_return to_response(known.error());
    auto change = [this, &machine](Tx& tx) -> Result<Machine> {
        return retire_machine(tx, machine, ports_.clock.now());
    };
    const auto retired = co_await store_.transact(change);
    if (!retired) co_return to_response(retired.error());
    outbox_.wake();
    co_return to_response(202, json{{"machine", to_json(*retired)}});
}

boost::asio::awaitable<HttpResponse> Api::status(std::string machine, HttpRequest request) {
    const auto reported = parse_status(request);
    if (!reported) co_return to_response(reported.error());
    auto change = [this, &machine, &reported](Tx& tx) -> Result<Machine> {
        return report_status(tx, machine, *reported, ports_.clock.now());
    };
    const auto changed = co_await store_.transact(change);
    if (!changed) co_return to_response(changed.error());
    outbox_.wake();
    co_return to_response(200, json{{"machine", to_json(*changed)}});
}

boost::asio::awaitable<HttpResponse> Api::agents(std::string machine) {
    auto read = [&machine](Tx& tx) -> Result<Machine> {
        auto found = find_machine(tx, machine);
        if (!found) return std::unexpected(no_such_machine(machine));
        return *found;
    };
    auto found = co_await store_.transact(read);
    if (!found) co_return to_response(found.error());
    HttpRequest request;
    request.target = "/agents";
    co_return co_await forward(std::move(*found), std::move(request));
}

boost::asio::awaitable<HttpResponse> Api::proxy(std::string project, std::string target,
                                                HttpRequest request) {
    auto read = [&project](Tx& tx) -> Result<Machine> {
        auto active = active_machine(tx, project);
        if (!active) {
            return std::unexpected(Error(ErrorCode::machine_unavailable,
                                         fmt::format("project {} has no active machine", project),
                                         "create a machine, or wait until its newest is active"));
        }
        return *active;
    };
    auto active = co_await store_.transact(read);
    if (!active) co_return to_response(active.error());
    request.target = std::move(target);
    co_return co_await forward(std::move(*active), std::move(request));
}

boost::asio::awaitable<HttpResponse> Api::forward(Machine machine, HttpRequest request) {
    if (machine.address.empty() || is_terminal(machine.state)) {
        co_return to_response(
            Error(ErrorCode::machine_unavailable,
                  fmt::format("machine {} is {} and has no address", machine.id,
                              to_string(machine.state)),
                  is_terminal(machine.state) ? "create a new machine" : "wait until it is active"));
    }
    // What concerns only the connection to us goes no further (RFC 9110, 7.6.1).
    for (const char* name : {"Host", "Connection", "Keep-Alive", "Transfer-Encoding", "TE",
                             "Trailer", "Upgrade", "Content-Length"}) {
        request.headers.erase(name);
    }
    request.authority = authority_of(machine.address, options_.daemon_port);
    auto answer = co_await ports_.http.send(std::move(request), options_.proxy_timeout);
    if (!answer) {
        const Error error = co_await explain(std::move(machine), answer.error());
        co_return to_response(error);
    }
    if (answer->status >= 500) {
        co_return to_response(
            Error(ErrorCode::machine_error,
                  fmt::format("machine {} answered {}", machine.id, answer->status),
                  "look at the log of the machine's daemon"));
    }
    answer->headers["X-Vivarium-Machine"] = machine.id;
    co_return std::move(*answer);
}

boost::asio::awaitable<Error> Api::explain(Machine machine, HttpError error) {
    const auto resource = co_await provider_.get(machine.external_id);
    std::string why = fmt::format("its daemon gave no answer ({})", to_string(error));
    std::string action = "try again in a moment";
    const bool gone = resource ? resource->state == ResourceState::destroyed ||
                                     resource->state == ResourceState::destroying
                               : resource.error().error_class == ProviderErrorClass::gone;
    if (gone) {
        why = "its provider no longer has it";
        action = machine.state == MachineState::detached ? "use the project's active machine"
                                                         : "create a new machine";
    } else if (resource && resource->state != ResourceState::started) {
        why = fmt::format("its provider says that it is {}", to_string(resource->state));
    }
    ports_.telemetry.record("machine.unavailable", {{"machine", machine.id}, {"why", why}});
    co_return Error(ErrorCode::machine_unavailable,
                    fmt::format("machine {} is unavailable: {}", machine.id, why), action);
}

}  // namespace lifecycle
