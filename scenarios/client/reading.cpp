#include "scenarios/client/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "system/model/json.hpp"

namespace scenarios {
namespace {

using nlohmann::json;

// Of a kind: the oldest and the newest. Worlds with hundreds would do nothing but read.
constexpr std::size_t kMost = 3;

std::vector<std::string> some_of(std::vector<std::string> all) {
    if (all.size() > kMost) {
        all.erase(all.begin() + 1, all.end() - (static_cast<std::ptrdiff_t>(kMost) - 1));
    }
    return all;
}

boost::asio::awaitable<json> read(Stage stage, std::string target) {
    const auto answer = co_await stage.call("GET", target);
    if (!answer) co_return json();
    // What is not there, or cannot be read now, is read another time.
    const bool makes_sense = answer->status != 400;
    stage.expect(makes_sense, fmt::format("GET {} makes sense: {}", target, answer->body));
    if (answer->status != 200) co_return json();
    co_return lifecycle::json_or_null(answer->body);
}

// For those who judge answers.
Script look(Stage stage, std::string target) {
    const auto answer = co_await stage.call("GET", std::move(target));
    static_cast<void>(answer);
}

// A list at once, and in pages of two.
Script read_list(Stage stage, std::string target, std::string name) {
    const json whole = co_await read(stage, target);
    if (!whole.is_object() || whole.contains("next")) co_return;
    json parts = json::array();
    std::string page = target + "?limit=2";
    while (!page.empty()) {
        const json part = co_await read(stage, page);
        if (!part.is_object()) co_return;
        const json listed = part.value(name, json::array());
        stage.expect(listed.size() <= 2, "a page has no more than was asked for");
        for (const json& each : listed) parts.push_back(each);
        const std::string next = part.value("next", "");
        page = next.empty() ? "" : fmt::format("{}?limit=2&after={}", target, next);
    }
    // Nobody waits for the world to stand still: only what cannot change is compared.
    const json& all = whole.value(name, json::array());
    stage.expect(parts.size() >= all.size(), "pages have all that there is");
    for (std::size_t i = 0; i < std::min(parts.size(), all.size()); ++i) {
        for (const char* fixed : {"id", "what", "detail"}) {
            const bool same = parts[i].value(fixed, json()) == all[i].value(fixed, json());
            stage.expect(same, "pages have what there is in its order");
        }
    }
}

}  // namespace

Script read_project(Stage stage, std::string project) {
    const std::string target = "/v1/projects/" + project;
    std::string errors = target + "/errors";
    std::string machines = target + "/machines";
    std::string delegations = target + "/delegations";
    co_await look(stage, target);
    co_await look(stage, std::move(errors));
    co_await read_list(stage, std::move(machines), "machines");
    co_await read_list(stage, std::move(delegations), "delegations");
}

Script read_everything(Stage stage) {
    std::vector<std::string> projects;
    std::vector<std::string> machines;
    std::vector<std::string> delegations;
    for (const auto& [id, project] : stage.shadow().projects()) projects.push_back(id);
    for (const auto& [id, machine] : stage.shadow().machines()) machines.push_back(id);
    for (const auto& [id, work] : stage.shadow().delegations()) delegations.push_back(id);
    for (const std::string& project : some_of(std::move(projects))) {
        co_await read_project(stage, project);
    }
    for (const std::string& machine : some_of(std::move(machines))) {
        const std::string target = "/v1/machines/" + machine;
        std::string events = target + "/events";
        co_await look(stage, target);
        co_await read_list(stage, std::move(events), "events");
    }
    for (const std::string& work : some_of(std::move(delegations))) {
        std::string target = "/v1/delegations/" + work;
        co_await look(stage, std::move(target));
    }
    for (const char* target : {"/v1/health", "/v1/metrics", "/v1/reconcile"}) {
        co_await look(stage, target);
    }
}

}  // namespace scenarios
