#include "scenarios/client/action.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "scenarios/client/reading.hpp"
#include "scenarios/client/requests.hpp"
#include "scenarios/cluster/sites.hpp"
#include "system/ports/http.hpp"

namespace scenarios {
namespace {

// The newest machine of a project, as a client that keeps its own list would know it.
std::string newest_machine(const Shadow& shadow, const std::string& project) {
    std::string newest;
    std::int64_t generation = 0;
    for (const auto& [id, machine] : shadow.machines()) {
        if (machine.project == project && machine.generation > generation) {
            newest = id;
            generation = machine.generation;
        }
    }
    return newest;
}

// Whether a change was accepted, or refused for a reason that is none of the asker's: nobody could
// answer, the machine is not in service, or nothing can be written now.
bool accepted_or_excused(const std::optional<lifecycle::HttpResponse>& answer) {
    return !answer || answer->status == 202 || answer->status == 409 || answer->status == 503;
}

Script do_nothing(Stage, std::string, Step) {
    co_return;
}

Script look(Stage stage, std::string project, Step) {
    const std::string newest = newest_machine(stage.shadow(), project);
    const auto online = co_await stage.online(project);
    static_cast<void>(online);
    std::string target = fmt::format("/v1/projects/{}/machines", project);
    const auto answer = co_await stage.call("GET", std::move(target));
    stage.expect(!answer || answer->status == 200 || newest.empty(),
                 "a project with machines can be listed");
}

Script create(Stage stage, std::string project, Step step) {
    const std::string machine =
        co_await stage.create(project, sites().at(step.provider).name, step.volume_gb);
    stage.expect(!machine.empty(), "a created machine has an id");
}

Script use_proxy(Stage stage, std::string project, Step) {
    std::string target = fmt::format("/v1/projects/{}/proxy/hello?from=client", project);
    const auto answer = co_await stage.call("POST", std::move(target), "{}");
    stage.expect(!answer || answer->status == 200 || answer->status == 503,
                 "the proxy answers, or says that the machine is unavailable");
}

Script list_agents(Stage stage, std::string project, Step) {
    const std::string newest = newest_machine(stage.shadow(), project);
    if (newest.empty()) co_return;
    const auto answer = co_await stage.call("GET", "/v1/machines/" + newest + "/agents");
    stage.expect(!answer || answer->status == 200 || answer->status == 503,
                 "agents are listed, or the machine is said to be unavailable");
}

Script retire(Stage stage, std::string project, Step) {
    const std::string newest = newest_machine(stage.shadow(), project);
    if (!newest.empty()) co_await stage.retire(newest);
}

// Asks for a change of the newest machine.
Script change_newest(Stage stage, std::string project, std::string verb, std::string promise) {
    const std::string newest = newest_machine(stage.shadow(), project);
    if (newest.empty()) co_return;
    const auto answer =
        co_await stage.call("POST", fmt::format("/v1/machines/{}/{}", newest, verb), "{}");
    stage.expect(accepted_or_excused(answer), promise);
}

Script restart(Stage stage, std::string project, Step) {
    return change_newest(stage, std::move(project), "restart",
                         "a machine is restarted, or said not to be in service");
}

Script recreate(Stage stage, std::string project, Step) {
    const auto recreated = co_await stage.recreate(project);
    static_cast<void>(recreated);
}

Script delegate(Stage stage, std::string project, Step) {
    const std::string work = co_await stage.delegate(project, 1800);
    static_cast<void>(work);
}

Script rotate(Stage stage, std::string project, Step) {
    return change_newest(stage, std::move(project), "rotate",
                         "a token is rotated, or the machine said not to be in service");
}

Script read(Stage stage, std::string project, Step) {
    return read_project(stage, std::move(project));
}

Script take_snapshot(Stage stage, std::string project, Step) {
    std::string target = fmt::format("/v1/projects/{}/snapshot", project);
    const auto answer = co_await stage.call("POST", std::move(target), "{}");
    // A project that never had a machine is not known.
    stage.expect(accepted_or_excused(answer) || answer->status == 404,
                 "a snapshot is promised, or there is nothing to take one of");
}

// The same request under the same key, however often in a life.
Script ask_again(Stage stage, std::string project, Step) {
    std::string target = fmt::format("/v1/projects/{}/machines", project);
    std::string body = R"({"image": "registry.fly.io/vivarium:1"})";
    const auto answer =
        co_await stage.post_under("the same as ever", std::move(target), std::move(body));
    stage.expect(!answer || answer->status == 202 || answer->status == 503,
                 "a request that is repeated is answered as it was");
}

// What no client should ask, of what was and of what never was: refused whatever state that is in.
// Of which route is a matter of when the client comes, and what of that, of what it drew.
Script misuse(Stage stage, std::string project, Step step) {
    const std::string newest = newest_machine(stage.shadow(), project);
    const auto& routes = described_routes();
    const auto minute = static_cast<std::size_t>(
        std::chrono::floor<std::chrono::minutes>(stage.cluster().world().now()).count());
    const std::size_t which = minute % (routes.size() + 2);
    std::vector<Ask> asks;
    if (which < routes.size()) {
        const bool of_project = routes[which].pattern.contains("{project}");
        asks = refusals_of(routes[which], of_project || newest.empty() ? project : newest);
    } else {
        asks = which == routes.size() ? strays() : refused_deliveries();
    }
    const auto drawn = static_cast<std::size_t>(step.think_minutes);
    const Ask& ask = asks.at((drawn + minute) % asks.size());
    const auto answer = co_await stage.send(ask.request);
    if (!answer || answer->status == 503) co_return;
    const auto wrong = wrong_about(ask, *answer);
    if (wrong) stage.expect(false, fmt::format("{}: {}", to_string(ask.request), *wrong));
}

}  // namespace

const std::vector<Action>& actions() {
    static const std::vector<Action> all = {
        {"nothing", do_nothing},  {"look", look},          {"create", create, true},
        {"proxy", use_proxy},     {"agents", list_agents}, {"retire", retire},
        {"restart", restart},     {"recreate", recreate},  {"delegate", delegate},
        {"rotate", rotate},       {"read", read},          {"snapshot", take_snapshot},
        {"ask again", ask_again}, {"misuse", misuse},
    };
    return all;
}

}  // namespace scenarios
