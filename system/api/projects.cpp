#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"
#include "system/tasks/delegations.hpp"

// A project as a whole: how it is, its machine's recreation, and the work for its agents.
namespace lifecycle {
namespace {

using nlohmann::json;

// What a client that has lost sight of everything else needs to know.
struct ProjectView {
    std::int64_t generation = 0;
    std::optional<Machine> active;
    Presence presence;
    std::vector<ProjectError> errors;  // that are open
    bool archived = false;
    std::optional<MachineRequest> waiting;
};

}  // namespace

Api::Answer Api::project(std::string project, HttpRequest) {
    auto read = [&project](ReadTx& tx) -> Result<ProjectView> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        ProjectView view{
            generation_of(tx, project),  active_machine(tx, project), {},
            open_errors_of(tx, project), is_archived(tx, project),    waiting_request(tx, project)};
        if (view.active) view.presence = presence_of(tx, view.active->id);
        return view;
    };
    const auto view = co_await store_.read(read);
    if (!view) co_return to_response(view.error());
    json errors = json::array();
    for (const ProjectError& error : view->errors) errors.push_back(to_json(error, ports_.clock));
    const Duration silence = ports_.clock.now() - view->presence.seen_at;
    const bool online = view->active && silence < identity_.online_for;
    co_return to_response(
        200,
        json{{"project",
              {{"id", project},
               {"generation", view->generation},
               {"archived", view->archived},
               {"waiting", view->waiting ? to_json(*view->waiting, ports_.clock) : json(nullptr)},
               {"active_machine", view->active ? view->active->id : ""},
               {"online", online},
               {"seen_at_ms", shown_ms(view->presence.seen_at, ports_.clock)},
               {"errors", std::move(errors)},
               {"last_error", view->errors.empty() ? "" : view->errors.front().text}}}});
}

Api::Answer Api::errors(std::string project, HttpRequest) {
    constexpr std::int64_t kMax = 100;
    auto read = [&project](ReadTx& tx) -> Result<std::vector<ProjectError>> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        return errors_of(tx, project, kMax);
    };
    const auto found = co_await store_.read(read);
    if (!found) co_return to_response(found.error());
    json listed = json::array();
    for (const ProjectError& error : *found) listed.push_back(to_json(error, ports_.clock));
    co_return to_response(200, json{{"errors", std::move(listed)}});
}

Api::Answer Api::recreate(std::string project, HttpRequest request) {
    const auto wanted = parse_recreate(request);
    if (!wanted) co_return to_response(wanted.error());
    auto change = [this, &project, &wanted](Tx& tx) -> Result<Recreated> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        // A person has looked at it: the watchdog may try again.
        set_recreations(tx, project, 0);
        return recreate_machine(tx, project, wanted->machine, wanted->reason, machines_,
                                ports_.clock.now());
    };
    const auto recreated = co_await store_.transact(change);
    if (!recreated) co_return to_response(recreated.error());
    outbox_.wake();
    co_return to_response(
        202, json{{"machine", shown(recreated->machine)}, {"joined", recreated->joined}});
}

Api::Answer Api::snapshot(std::string project, HttpRequest request) {
    if (const auto empty = parse_nothing(request); !empty) co_return to_response(empty.error());
    auto change = [this, &project](Tx& tx) -> Result<VolumeRow> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        return request_snapshot(tx, project, ports_.clock.now());
    };
    const auto volume = co_await store_.transact(change);
    if (!volume) co_return to_response(volume.error());
    outbox_.wake();
    co_return to_response(202, json{{"volume", volume->name}, {"snapshots", volume->snapshots}});
}

Api::Answer Api::rotate(std::string machine, HttpRequest request) {
    if (const auto empty = parse_nothing(request); !empty) co_return to_response(empty.error());
    auto change = [this, &machine](Tx& tx) -> Result<Machine> {
        return rotate_token(tx, key_, machine, ports_.clock.now());
    };
    const auto rotated = co_await store_.transact(change);
    if (!rotated) co_return to_response(rotated.error());
    co_return to_response(202, json{{"machine", shown(*rotated)}});
}

Api::Answer Api::delegate_work(std::string project, HttpRequest request) {
    const auto wanted = parse_delegation(request, project);
    if (!wanted) co_return to_response(wanted.error());
    auto change = [this, &wanted](Tx& tx) -> Result<Delegation> {
        return delegate(tx, *wanted, delegations_, ports_.clock.now());
    };
    const auto made = co_await store_.transact(change);
    if (!made) co_return to_response(made.error());
    outbox_.wake();
    co_return to_response(202, json{{"delegation", to_json(*made, ports_.clock)}});
}

Api::Answer Api::delegation(std::string delegation, HttpRequest) {
    auto read = [&delegation](ReadTx& tx) -> Result<Delegation> {
        auto found = find_delegation(tx, delegation);
        if (!found) return std::unexpected(no_such_delegation(delegation));
        return *std::move(found);
    };
    const auto found = co_await store_.read(read);
    if (!found) co_return to_response(found.error());
    co_return to_response(200, json{{"delegation", to_json(*found, ports_.clock)}});
}

Api::Answer Api::delegations(std::string project, HttpRequest request) {
    const auto page = parse_page(request.target);
    if (!page) co_return to_response(page.error());
    auto read = [&project, &page](ReadTx& tx) -> Result<std::vector<Delegation>> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        return delegations_of(tx, project, *page);
    };
    const auto found = co_await store_.read(read);
    if (!found) co_return to_response(found.error());
    json listed = json::array();
    for (const Delegation& delegation : *found) {
        listed.push_back(without_payload(delegation, ports_.clock));
    }
    const std::int64_t last = found->empty() ? 0 : found->back().number;
    co_return to_page("delegations", std::move(listed), *page, last);
}

}  // namespace lifecycle
