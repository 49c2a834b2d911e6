#include "system/api/api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/projects.hpp"

namespace lifecycle {
namespace {
using nlohmann::json;
}  // namespace

Api::Api(Parts parts, ApiOptions options)
    : store_(parts.store),
      outbox_(parts.outbox),
      ports_(std::move(parts.ports)),
      providers_(parts.providers),
      reconciler_(parts.reconciler),
      counters_(parts.counters),
      gauges_(parts.gauges),
      key_(parts.key),
      machines_(std::move(parts.machines)),
      identity_(parts.identity),
      delegations_(parts.delegations),
      daemons_(ports_.http, providers_, parts.daemon),
      options_(std::move(options)),
      ways_(ports_.clock, ports_.telemetry, parts.tasks, "the way to a machine"),
      sightings_(ports_.clock, ports_.telemetry, parts.tasks, "what a provider says of a machine") {
}

Api::Answer Api::create(std::string project, HttpRequest request) {
    const auto wanted = parse_create(request, project, providers_, machines_.provider);
    if (!wanted) co_return to_response(wanted.error());
    auto insert = [this, &wanted](Tx& tx) -> Result<Requested> {
        return create_machine(tx, *wanted, machines_, ports_.clock.now());
    };
    const auto made = co_await store_.transact(insert);
    if (!made) co_return to_response(made.error());
    outbox_.wake();
    co_return to_response(202, json{{"machine", shown(made->machine)}, {"queued", made->queued}});
}

Api::Answer Api::list(std::string project, HttpRequest request) {
    const auto page = parse_page(request.target);
    if (!page) co_return to_response(page.error());
    auto read = [&project, &page](ReadTx& tx) -> Result<std::vector<Machine>> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        return machines_of(tx, project, *page);
    };
    const auto machines = co_await store_.read(read);
    if (!machines) co_return to_response(machines.error());
    json listed = json::array();
    for (const Machine& machine : *machines) listed.push_back(shown(machine));
    const std::int64_t last = machines->empty() ? 0 : machines->back().generation;
    co_return to_page("machines", std::move(listed), *page, last);
}

Api::Answer Api::get(std::string machine, HttpRequest) {
    auto read = [&machine](ReadTx& tx) -> Result<Machine> {
        auto found = find_machine(tx, machine);
        if (!found) return std::unexpected(no_such_machine(machine));
        return *found;
    };
    const auto found = co_await store_.read(read);
    if (!found) co_return to_response(found.error());
    co_return to_response(200, json{{"machine", shown(*found)}});
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
    co_return to_response(202, json{{"machine", shown(*retired)}});
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
    for (const Machine& machine : *machines) listed.push_back(shown(machine));
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
    co_return to_response(202, json{{"machine", shown(*restarted)}});
}

Api::Answer Api::history(std::string machine, HttpRequest request) {
    const auto page = parse_page(request.target);
    if (!page) co_return to_response(page.error());
    auto read = [&machine, &page](ReadTx& tx) -> Result<std::vector<HistoryEntry>> {
        if (!find_machine(tx, machine)) return std::unexpected(no_such_machine(machine));
        return history_of(tx, machine, *page);
    };
    const auto entries = co_await store_.read(read);
    if (!entries) co_return to_response(entries.error());
    json listed = json::array();
    for (const HistoryEntry& entry : *entries) listed.push_back(to_json(entry, ports_.clock));
    const std::int64_t last = entries->empty() ? 0 : entries->back().number;
    co_return to_page("events", std::move(listed), *page, last);
}

Api::Answer Api::reconcile(std::string, HttpRequest request) {
    auto wanted = request.method == "GET" ? Result<ReconcileRequest>{} : parse_reconcile(request);
    if (!wanted) co_return to_response(wanted.error());
    const bool apply = wanted->apply;
    const ReconcileReport report = co_await reconciler_.sweep(apply, std::move(wanted->named));
    co_return to_response(200, to_json(report, apply));
}

}  // namespace lifecycle
