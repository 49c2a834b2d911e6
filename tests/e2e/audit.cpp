#include "tests/e2e/audit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace e2e {

using nlohmann::json;

namespace {

json first_of(const json& array) {
    return array.empty() ? json::object() : array.front();
}

}  // namespace

json Audit::get(const std::string& target) {
    const auto answer = request(server_, "GET", target);
    if (answer && answer->status == 200) return json::parse(answer->body);
    miss(fmt::format("GET {} is answered {}", target, answer ? answer->status : 0));
    return json::object();
}

std::vector<std::string> Audit::differences(const std::vector<ProjectClient>& clients) {
    missing_.clear();
    in_service_.clear();
    const auto state = request(cloud_, "GET", "/state");
    in_cloud_ = state ? json::parse(state->body) : json::object();
    for (const ProjectClient& client : clients) {
        if (client.known()) judge(client);
    }
    judge_cloud(clients);
    return std::exchange(missing_, {});
}

void Audit::judge(const ProjectClient& client) {
    const std::string path = "/v1/projects/" + client.project();
    const json project = get(path).value("project", json::object());
    const json machines = get(path + "/machines?limit=1000").value("machines", json::array());
    std::vector<std::string> active;
    std::set<std::string> known;
    for (const json& machine : machines) {
        known.insert(machine["id"].get<std::string>());
        const std::string state = machine["state"];
        if (state == "active") active.push_back(machine["id"]);
        if (state == "starting" || state == "failed") {
            miss(fmt::format("{} is {}: {}", machine["id"].get<std::string>(), state,
                             machine["provisioning_error"].get<std::string>()));
        }
    }
    for (const Promise& promise : client.promises()) {
        if (!known.contains(promise.machine)) {
            miss(fmt::format("{} promised {}, which nobody knows", promise.what, promise.machine));
        }
    }
    if (project.value("archived", !client.archived()) != client.archived()) {
        miss(fmt::format("{} is {}archived", client.project(), client.archived() ? "not " : ""));
    }
    judge_work(client);
    judge_service(client, active);
    std::ranges::copy(active, std::back_inserter(in_service_));
}

void Audit::judge_work(const ProjectClient& client) {
    std::map<std::string, std::string> states;
    for (std::string after = "0"; !after.empty();) {
        const json page = get(fmt::format("/v1/projects/{}/delegations?limit=1000&after={}",
                                          client.project(), after));
        for (const json& one : page.value("delegations", json::array())) {
            states[one["id"]] = one["state"];
        }
        after = page.value("next", "");
    }
    for (const std::string& id : client.delegations()) {
        const auto found = states.find(id);
        if (found == states.end()) {
            miss(fmt::format("delegation {}, which nobody knows", id));
        } else if (found->second != "processed" && found->second != "failed") {
            miss(fmt::format("the end of delegation {}, which is {}", id, found->second));
        }
    }
}

void Audit::judge_service(const ProjectClient& client, const std::vector<std::string>& active) {
    const std::size_t wanted = client.archived() ? 0 : 1;
    if (active.size() != wanted) {
        miss(fmt::format("{} has {} active machines", client.project(), active.size()));
        return;
    }
    if (wanted == 0) return;
    const auto answer =
        request(server_, "GET", fmt::format("/v1/projects/{}/proxy/hello", client.project()));
    if (!answer || answer->status != 200 ||
        json::parse(answer->body).value("machine", "") != active.front()) {
        miss(fmt::format("an answer of {}", active.front()));
    }
}

void Audit::judge_cloud(const std::vector<ProjectClient>& clients) {
    std::vector<std::string> machines;
    std::vector<std::string> mounted;
    for (const json& machine : in_cloud_.value("machines", json::array())) {
        machines.push_back(machine["name"]);
        const std::string volume = machine["volume"];
        if (!volume.empty()) mounted.push_back(volume);
    }
    std::ranges::sort(machines);
    std::ranges::sort(in_service_);
    if (machines != in_service_) {
        miss(fmt::format("the provider has the machines {}, and in service are {}", machines,
                         in_service_));
    }
    std::vector<std::string> volumes;
    for (const json& volume : in_cloud_.value("volumes", json::array())) {
        volumes.push_back(volume["id"]);
    }
    std::ranges::sort(volumes);
    std::ranges::sort(mounted);
    const auto wanted = std::ranges::count_if(clients, [](const ProjectClient& client) {
        return client.with_volume() && client.known() && !client.archived();
    });
    if (volumes != mounted || std::ranges::ssize(volumes) != wanted) {
        miss(fmt::format("the provider has the volumes {}, mounted are {}, and wanted {}", volumes,
                         mounted, wanted));
    }
}

std::int64_t Audit::generation(const std::string& project) {
    return get("/v1/projects/" + project).value("project", json::object()).value("generation", 0);
}

std::vector<std::string> Audit::broken_promises(const std::vector<ProjectClient>& clients) {
    missing_.clear();
    for (const ProjectClient& client : clients) {
        if (!client.known()) continue;
        const std::int64_t before = generation(client.project());
        for (const Promise& promise : client.promises()) {
            // What waited for its turn ends with its project, and so does a binding.
            if (!promise.repeatable || promise.over) continue;
            const auto answer =
                request(server_, promise.method, promise.target, promise.body, promise.headers);
            const json said = answer ? json::parse(answer->body) : json::object();
            const json machine = said.contains("machines") ? first_of(said["machines"])
                                                           : said.value("machine", json::object());
            const bool same = answer && answer->status == 202 &&
                              (promise.queued || machine.value("id", "") == promise.machine);
            if (!same) {
                miss(fmt::format("{} of {} is answered anew: {}", promise.what, client.project(),
                                 answer ? answer->body : "nothing"));
            }
        }
        if (generation(client.project()) != before) {
            miss(fmt::format("{} was asked for the same again, and made another machine",
                             client.project()));
        }
    }
    return std::exchange(missing_, {});
}

}  // namespace e2e
