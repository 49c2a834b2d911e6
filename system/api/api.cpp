#include "system/api/api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

Error no_such_route(std::string_view target) {
    return {ErrorCode::not_found, fmt::format("there is no route {}", target.substr(0, 200)),
            "see the list of routes in docs/api.md"};
}

HttpResponse wrong_method(std::string_view method, std::string_view allowed) {
    HttpResponse response =
        to_response(Error(ErrorCode::method_not_allowed,
                          fmt::format("this route does not take {}", method.substr(0, 40)),
                          fmt::format("use {}", allowed)));
    response.headers["Allow"] = std::string(allowed);
    return response;
}

}  // namespace

Api::Api(Store& store, Outbox& outbox, Ports ports, TaskGroup& tasks, const Providers& providers,
         Reconciler& reconciler, const Counters& counters, LifecycleOptions options)
    : store_(store),
      outbox_(outbox),
      ports_(std::move(ports)),
      providers_(providers),
      reconciler_(reconciler),
      counters_(counters),
      options_(std::move(options)),
      key_(options_.identity_key),
      ways_(ports_.clock, tasks),
      sightings_(ports_.clock, tasks) {}

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

Api::Answer Api::route(HttpRequest request) {
    std::vector<std::string> path = segments_of(request.target);
    const std::string method = request.method;
    if (path.size() < 2 || path[0] != "v1") co_return to_response(no_such_route(request.target));
    if (path[1] == "projects" && path.size() >= 3) {
        co_return co_await route_project(std::move(path), std::move(request));
    }
    if (path[1] == "machines" && path.size() >= 3) {
        co_return co_await route_machine(std::move(path), std::move(request));
    }
    if (path[1] == "delegations" && path.size() == 4 && path[3] == "result") {
        if (method != "POST") co_return wrong_method(method, "POST");
        co_return co_await conclude_delegation(path[2], std::move(request));
    }
    if (path.size() == 2 && (path[1] == "health" || path[1] == "metrics")) {
        if (method != "GET") co_return wrong_method(method, "GET");
        if (path[1] == "metrics") co_return co_await metrics();
        co_return to_response(200, json{{"status", "ok"}});
    }
    if (path.size() == 2 && path[1] == "reconcile") {
        if (method != "GET" && method != "POST") co_return wrong_method(method, "GET, POST");
        co_return co_await reconcile(std::move(request));
    }
    if (path.size() == 3 && path[1] == "webhooks" && path[2] == "github") {
        if (method != "POST") co_return wrong_method(method, "POST");
        co_return co_await push(std::move(request));
    }
    co_return to_response(no_such_route(request.target));
}

Api::Answer Api::route_project(std::vector<std::string> path, HttpRequest request) {
    const std::string method = request.method;
    const std::string& project = path[2];
    if (!is_valid_project_id(project)) {
        co_return to_response(Error(ErrorCode::bad_request,
                                    fmt::format("{} is not a project id", project.substr(0, 200)),
                                    "use 1 to 40 of a-z, 0-9 and -, beginning with a letter"));
    }
    if (path.size() == 3) {
        if (method != "GET") co_return wrong_method(method, "GET");
        co_return co_await this->project(project);
    }
    if (path[3] == "proxy") {
        const std::string prefix = fmt::format("/v1/projects/{}/proxy", project);
        std::string target = request.target.substr(prefix.size());
        if (!target.starts_with('/')) target.insert(0, "/");
        co_return co_await proxy(project, std::move(target), std::move(request));
    }
    if (path.size() == 4 && path[3] == "machines") {
        if (method == "POST") co_return co_await create(project, std::move(request));
        if (method == "GET") co_return co_await list(project, std::move(request));
        co_return wrong_method(method, "GET, POST");
    }
    if (path.size() == 4 && path[3] == "delegations") {
        if (method == "POST") co_return co_await delegate_work(project, std::move(request));
        if (method == "GET") co_return co_await delegations(project, std::move(request));
        co_return wrong_method(method, "GET, POST");
    }
    if (path.size() == 4 && path[3] == "errors") {
        if (method != "GET") co_return wrong_method(method, "GET");
        co_return co_await errors(project);
    }
    const bool verb = path[3] == "archive" || path[3] == "recreate" || path[3] == "snapshot";
    if (path.size() == 4 && verb) {
        if (method != "POST") co_return wrong_method(method, "POST");
        if (path[3] == "snapshot") co_return co_await snapshot(project, std::move(request));
        if (path[3] == "recreate") co_return co_await recreate(project, std::move(request));
        co_return co_await archive(project, std::move(request));
    }
    if (path.size() == 4 && path[3] == "github") {
        if (method != "PUT") co_return wrong_method(method, "PUT");
        co_return co_await bind(project, std::move(request));
    }
    co_return to_response(no_such_route(request.target));
}

Api::Answer Api::route_machine(std::vector<std::string> path, HttpRequest request) {
    const std::string method = request.method;
    const std::string& machine = path[2];
    const std::string verb = path.size() == 4 ? path[3] : std::string();
    if (path.size() == 3 || verb == "agents" || verb == "events") {
        if (method != "GET") co_return wrong_method(method, "GET");
        if (verb == "agents") co_return co_await agents(machine);
        if (verb == "events") co_return co_await history(machine, std::move(request));
        co_return co_await get(machine);
    }
    using Handler = Answer (Api::*)(std::string, HttpRequest);
    constexpr std::pair<std::string_view, Handler> kVerbs[] = {
        {"archive", &Api::retire},        {"retire", &Api::retire}, {"restart", &Api::restart},
        {"register", &Api::register_box}, {"status", &Api::status}, {"rotate", &Api::rotate}};
    for (const auto& [name, handler] : kVerbs) {
        if (verb != name) continue;
        if (method != "POST") co_return wrong_method(method, "POST");
        co_return co_await (this->*handler)(machine, std::move(request));
    }
    co_return to_response(no_such_route(request.target));
}

Api::Answer Api::create(std::string project, HttpRequest request) {
    const auto wanted = parse_create(request, project, providers_, options_.provider);
    if (!wanted) co_return to_response(wanted.error());
    auto insert = [this, &wanted](Tx& tx) -> Result<Requested> {
        return create_machine(tx, *wanted, options_, ports_.clock.now());
    };
    const auto made = co_await store_.transact(insert);
    if (!made) co_return to_response(made.error());
    outbox_.wake();
    co_return to_response(
        202, json{{"machine", to_json(made->machine, ports_.clock)}, {"queued", made->queued}});
}

Api::Answer Api::list(std::string project, HttpRequest request) {
    const auto page = parse_page(request.target);
    if (!page) co_return to_response(page.error());
    auto read = [&project, &page](Tx& tx) -> Result<std::vector<Machine>> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        return machines_of(tx, project, *page);
    };
    const auto machines = co_await store_.transact(read);
    if (!machines) co_return to_response(machines.error());
    json listed = json::array();
    for (const Machine& machine : *machines) listed.push_back(to_json(machine, ports_.clock));
    const std::int64_t last = machines->empty() ? 0 : machines->back().generation;
    co_return to_page("machines", std::move(listed), *page, last);
}

Api::Answer Api::get(std::string machine) {
    auto read = [&machine](Tx& tx) -> Result<Machine> {
        auto found = find_machine(tx, machine);
        if (!found) return std::unexpected(no_such_machine(machine));
        return *found;
    };
    const auto found = co_await store_.transact(read);
    if (!found) co_return to_response(found.error());
    co_return to_response(200, json{{"machine", to_json(*found, ports_.clock)}});
}

Api::Answer Api::retire(std::string machine, HttpRequest request) {
    const auto body = parse_object(request.body);
    if (!body) co_return to_response(body.error());
    if (auto known = only_fields(*body, {}); !known) co_return to_response(known.error());
    auto change = [this, &machine](Tx& tx) -> Result<Machine> {
        return retire_machine(tx, machine, ports_.clock.now());
    };
    const auto retired = co_await store_.transact(change);
    if (!retired) co_return to_response(retired.error());
    outbox_.wake();
    co_return to_response(202, json{{"machine", to_json(*retired, ports_.clock)}});
}

Api::Answer Api::archive(std::string project, HttpRequest request) {
    const auto body = parse_object(request.body);
    if (!body) co_return to_response(body.error());
    if (auto known = only_fields(*body, {}); !known) co_return to_response(known.error());
    auto change = [this, &project](Tx& tx) -> Result<std::vector<Machine>> {
        return archive_project(tx, project, ports_.clock.now());
    };
    const auto machines = co_await store_.transact(change);
    if (!machines) co_return to_response(machines.error());
    outbox_.wake();
    json listed = json::array();
    for (const Machine& machine : *machines) listed.push_back(to_json(machine, ports_.clock));
    co_return to_response(202, json{{"machines", std::move(listed)}});
}

Api::Answer Api::restart(std::string machine, HttpRequest request) {
    const auto body = parse_object(request.body);
    if (!body) co_return to_response(body.error());
    if (auto known = only_fields(*body, {}); !known) co_return to_response(known.error());
    auto key = parse_key(request);
    if (!key) co_return to_response(key.error());
    if (key->empty()) *key = fmt::format("{}", ports_.clock.now().time_since_epoch().count());
    auto change = [this, &machine, &key](Tx& tx) -> Result<Machine> {
        return restart_machine(tx, machine, *key, ports_.clock.now());
    };
    const auto restarted = co_await store_.transact(change);
    if (!restarted) co_return to_response(restarted.error());
    outbox_.wake();
    co_return to_response(202, json{{"machine", to_json(*restarted, ports_.clock)}});
}

Api::Answer Api::history(std::string machine, HttpRequest request) {
    const auto page = parse_page(request.target);
    if (!page) co_return to_response(page.error());
    auto read = [&machine, &page](Tx& tx) -> Result<std::vector<HistoryEntry>> {
        if (!find_machine(tx, machine)) return std::unexpected(no_such_machine(machine));
        return history_of(tx, machine, *page);
    };
    const auto entries = co_await store_.transact(read);
    if (!entries) co_return to_response(entries.error());
    json listed = json::array();
    for (const HistoryEntry& entry : *entries) listed.push_back(to_json(entry, ports_.clock));
    const std::int64_t last = entries->empty() ? 0 : entries->back().number;
    co_return to_page("events", std::move(listed), *page, last);
}

Api::Answer Api::reconcile(HttpRequest request) {
    auto wanted = request.method == "GET" ? Result<ReconcileRequest>{} : parse_reconcile(request);
    if (!wanted) co_return to_response(wanted.error());
    const bool apply = wanted->apply;
    const ReconcileReport report = co_await reconciler_.sweep(apply, std::move(wanted->named));
    co_return to_response(200, to_json(report, apply));
}

}  // namespace lifecycle
