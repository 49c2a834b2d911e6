#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/asking.hpp"
#include "scenarios/client/requests.hpp"
#include "scenarios/cluster/sites.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// What is told of the installation as a whole, and what changes of machines and projects bring
// about.
namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using lifecycle::MachineState;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

Script read_health(Stage stage) {
    json told = co_await get(stage, "/v1/health");
    stage.expect(told["status"] == "ok" && told["providers"].size() == sites().size(),
                 "the health has every provider");
    for (const auto& [name, provider] : told["providers"].items()) {
        stage.expect(provider["in_reach"] == true && provider["since_ms"] == 0 &&
                         provider.value("why", "?").empty(),
                     "a provider that answers is in reach");
        stage.expect(provider.value("answered_at_ms", std::int64_t{0}) > 1'893'456'000'000,
                     "and answered at some time");
    }
    HttpRequest by_box = request_to(Entrance::boxes, "GET", "/v1/health");
    Ask plain;
    plain.request = std::move(by_box);
    plain.request.headers.clear();
    plain.body = R"({"status":"ok"})";
    std::vector<Ask> boxes = {plain};
    co_await expect_answers(stage, std::move(boxes));
}

// The gauges and counters, by their names with labels.
boost::asio::awaitable<std::map<std::string, std::int64_t>> measure(Stage stage) {
    const auto answer = co_await stage.call("GET", "/v1/metrics");
    std::map<std::string, std::int64_t> values;
    if (!answer || answer->status != 200) co_return values;
    stage.expect(header(*answer, "Content-Type") == "text/plain; version=0.0.4",
                 "metrics are text of Prometheus");
    std::istringstream lines(answer->body);
    for (std::string line; std::getline(lines, line);) {
        const auto space = line.rfind(' ');
        stage.expect(line.starts_with("lifecycled_") && space != std::string::npos,
                     "a line of metrics has a name and a value");
        const auto labels = line.find('{');
        stage.expect(labels == std::string::npos ||
                         (labels < space && line[space - 1] == '}' && line[labels + 1] != '}'),
                     "labels are there, or none are");
        values[line.substr(11, space - 11)] = std::stoll(line.substr(space + 1));
    }
    co_return values;
}

Script read_metrics(Stage stage) {
    std::map<std::string, std::int64_t> values = co_await measure(stage);
    std::map<std::string, std::int64_t> wanted;
    for (const auto& [id, machine] : stage.shadow().machines()) {
        const std::string labels = fmt::format("{{provider=\"{}\",state=\"{}\"}}", machine.provider,
                                               to_string(machine.state));
        ++wanted["machines" + labels];
        if (machine.external_id.empty()) ++wanted["machines_without_external_id" + labels];
    }
    for (const Site& site : sites()) {
        wanted[fmt::format("provider_out_of_reach_seconds{{provider=\"{}\"}}", site.name)] = 0;
    }
    std::int64_t depth = 0;
    std::int64_t dead = 0;
    for (const auto& [id, event] : stage.shadow().events()) {
        depth += event.state == "pending" ? 1 : 0;
        dead += event.state == "dead" ? 1 : 0;
    }
    wanted["outbox_depth"] = depth;
    wanted["outbox_dead"] = dead;
    wanted["machines_starting_late"] = 0;
    wanted["resources_quarantined"] = 0;
    wanted["volumes_owed"] = static_cast<std::int64_t>(stage.shadow().volumes().size());
    wanted["box_registered_total"] = static_cast<std::int64_t>(stage.shadow().credentials().size());
    for (const auto& [name, value] : wanted) {
        stage.expect(values.contains(name) && values[name] == value,
                     fmt::format("{} is {}, and the metrics say {}", name, value, values[name]));
    }
    for (const auto& [name, value] : values) {
        const bool counted = name.starts_with("machines") && !wanted.contains(name);
        stage.expect(!counted, fmt::format("the metrics have {}, and there is none", name));
    }
}

// A provider has lost an active machine: whoever compares is told, and nothing is done before it is
// asked for and was seen often enough.
Script compare(Stage stage) {
    const HttpRequest look = request_to(Entrance::clients, "GET", "/v1/reconcile");
    json none = co_await expect_status(stage, look, 200);
    stage.expect(none["applied"] == false && none["findings"].empty() && none["unknown"].empty() &&
                     none.value("halted", "?").empty() &&
                     none["installation"] == stage.shadow().installation(),
                 "nothing differs");
    const std::string lost = stage.machine("lost-1").external_id;
    stage.fly().lose("lost-1");
    co_await stage.sleep(seconds(20));
    const json wanted = {{"kind", "missing"},
                         {"machine", "lost-1"},
                         {"provider", "fly"},
                         {"resource", lost},
                         {"done", false}};
    const std::vector<std::string> bodies = {"", "{}", R"({"apply": false})",
                                             R"({"apply": false, "destroy": []})"};
    for (const std::string& body : bodies) {
        co_await stage.sleep(seconds(5));
        const HttpRequest asked = body.empty() ? look : post("/v1/reconcile", body);
        json seen = co_await expect_status(stage, asked, 200);
        stage.expect(seen["applied"] == false && seen["findings"].size() == 1,
                     fmt::format("one machine differs: {}", lifecycle::json_text(seen)));
        if (seen["findings"].size() != 1) co_return;
        json found = seen["findings"][0];
        stage.expect(!found.value("what", "").empty() && !found.value("action", "").empty(),
                     "what it is, and what is done about it, is told");
        found.erase("what");
        found.erase("action");
        stage.expect(found == wanted, "and how it differs");
    }
    const std::string apply = R"({"apply": true})";
    for (int looks = 0; looks < 3; ++looks) {
        json done = co_await expect_status(stage, post("/v1/reconcile", apply), 200);
        stage.expect(done["applied"] == true, "who repairs is told so");
        co_await stage.sleep(seconds(70));
    }
    stage.expect(stage.machine("lost-1").state != MachineState::active,
                 "what was seen often enough leaves service");
    co_await stage.archive("lost");
}

// Asked for once more under the same key, or under none.
Script restart(Stage stage) {
    co_await stage.sleep(minutes(2));  // until nothing else is due
    const auto restarts = [stage] {
        int count = 0;
        for (const auto& [id, event] : stage.shadow().events()) {
            count += event.kind == "machine:restart" ? 1 : 0;
        }
        return count;
    };
    const std::string target = "/v1/machines/alpha-1/restart";
    const std::vector<std::pair<std::string, int>> keys = {
        {"key", 1}, {"key", 1}, {"", 2}, {"", 3}};
    for (const auto& [key, expected] : keys) {
        json told = co_await expect_status(stage, post(target, "{}", key), 202);
        stage.expect(told["machine"]["id"] == "alpha-1", "the machine is told");
        stage.expect(restarts() == expected, "a restart is asked for once under a key");
        co_await stage.sleep(seconds(1));
    }
    std::function<bool()> begun = [stage] {
        for (const auto& [id, event] : stage.shadow().events()) {
            if (event.kind == "machine:restart" && event.lease_epoch == 0) return false;
        }
        return true;
    };
    const bool at_once = co_await soon(stage, std::move(begun));
    stage.expect(at_once, "a machine is restarted at once");
    co_await stage.sleep(minutes(3));
}

Script rotate(Stage stage) {
    const std::string before = token_of(stage, "alpha-1");
    json told = co_await expect_status(stage, post("/v1/machines/alpha-1/rotate"), 202);
    stage.expect(told["machine"]["id"] == "alpha-1", "the machine is told");
    stage.expect(token_of(stage, "alpha-1") != before, "it has another token");
    const Ask old{by_box("/v1/machines/alpha-1/status", R"({"status": "ready"})", before), 401};
    std::vector<Ask> refused = {old};
    co_await expect_refusals(stage, std::move(refused));
}

Script snapshot(Stage stage) {
    const auto& volume = stage.shadow().volumes().begin()->second;
    const std::int64_t before = volume.snapshots;
    json told = co_await expect_status(stage, post("/v1/projects/alpha/snapshot"), 202);
    stage.expect(told["volume"] == volume.name && told["snapshots"] == before,
                 "the volume is told, and how many it had");
    std::function<bool()> made = [stage, before] {
        return stage.shadow().volumes().begin()->second.snapshots == before + 1;
    };
    const bool at_once = co_await soon(stage, std::move(made));
    stage.expect(at_once, "a snapshot is made at once");
}

// Another machine in the place of one, for a reason of any length.
Script recreate(Stage stage) {
    const DescribedRoute& route = described_route("POST", "/v1/projects/{project}/recreate");
    const std::string target = "/v1/projects/omega/recreate";
    const Ask another{post(target, R"({"machine": "alpha-1"})"), 404, {"alpha-1"}};
    std::vector<Ask> refused = {another};
    co_await expect_refusals(stage, std::move(refused));
    std::string reason = lifecycle::json_or_null(route.fields[1].good[0]);
    const std::string body = lifecycle::json_text({{"machine", "omega-1"}, {"reason", reason}});
    for (int times = 0; times < 2; ++times) {
        json told = co_await expect_status(stage, post(target, body), 202);
        stage.expect(told["machine"]["id"] == "omega-2" && told["joined"] == (times == 1),
                     "a machine is replaced once");
    }
    std::function<bool()> made = [stage] { return stage.exists("omega-2"); };
    const bool at_once = co_await soon(stage, std::move(made));
    stage.expect(at_once, "and at once");
    co_await stage.expect_active("omega-2");
    json told = co_await get(stage, "/v1/machines/omega-1/events");
    bool said = false;
    for (const json& event : told["events"]) {
        said = said || (event["what"] == "recreated" && event["detail"] == reason);
    }
    stage.expect(said, "its history says why");
    json plain = co_await expect_status(stage, post(target), 202);
    stage.expect(plain["machine"]["id"] == "omega-3", "a machine may be replaced without a reason");
    co_await stage.expect_active("omega-3");
}

Script read_pages(Stage stage) {
    const std::string target = "/v1/projects/omega/machines";
    json all = co_await get(stage, target + "?limit=1000&after=0");
    stage.expect(all["machines"].size() == 3 && !all.contains("next"), "a page has all");
    json first = co_await get(stage, target + "?limit=1");
    stage.expect(first["machines"].size() == 1 && first["next"] == "1", "a page may have one");
    json full = co_await get(stage, target + "?after=1&limit=2");
    stage.expect(full["machines"].size() == 2 && full["next"] == "3", "a full page has a next");
    json last = co_await get(stage, target + "?after=3");
    stage.expect(last["machines"].empty() && !last.contains("next"), "the last page has none");
    json far = co_await get(stage, target + "?after=9223372036854775807");
    stage.expect(far["machines"].empty(), "behind all there is nothing");
}

Script retire(Stage stage) {
    for (const char* verb : {"retire", "archive"}) {
        const std::string machine = std::string_view(verb) == "retire" ? "omega-3" : "alpha-1";
        const std::string target = fmt::format("/v1/machines/{}/{}", machine, verb);
        json told = co_await expect_status(stage, post(target), 202);
        stage.expect(told["machine"]["state"] == "detached", "a retired machine has left service");
        std::function<bool()> gone = [stage, machine] { return !stage.exists(machine); };
        const bool at_once = co_await soon(stage, std::move(gone));
        stage.expect(at_once, "and its resource is destroyed at once");
    }
    const std::string last = co_await stage.create("omega");
    co_await stage.expect_active(last);
    json told = co_await expect_status(stage, post("/v1/projects/omega/archive"), 202);
    stage.expect(told["machines"].size() == 4, "a project that is given up tells of its machines");
    std::function<bool()> gone = [stage, last] { return !stage.exists(last); };
    const bool at_once = co_await soon(stage, std::move(gone));
    stage.expect(at_once, "and all is destroyed at once");
    json archived = co_await get(stage, "/v1/projects/omega");
    stage.expect(archived["project"]["archived"] == true, "it is archived");
}

Script every_answer(Stage stage) {
    const std::string alpha = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(alpha);
    for (const char* project : {"omega", "lost"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    co_await stage.sleep(minutes(6));
    co_await read_health(stage);
    co_await read_metrics(stage);
    const auto online = co_await stage.online("alpha");
    stage.expect(online && *online, "a box that reports is online");
    co_await compare(stage);
    co_await snapshot(stage);
    co_await rotate(stage);
    co_await restart(stage);
    co_await recreate(stage);
    co_await read_pages(stage);
    co_await retire(stage);
    // Whoever asks for another has looked at it: what was tried by itself does not count any more.
    stage.cluster().tamper("UPDATE project SET recreations = 2 WHERE id = 'alpha'");
    co_await stage.sleep(seconds(30));
    json again = co_await expect_status(stage, post("/v1/projects/alpha/recreate"), 202);
    const std::string counted =
        stage.cluster().ask("SELECT recreations FROM project WHERE id = 'alpha'");
    stage.expect(again["joined"] == false && counted.contains("\n0"), "a person begins anew");
}

}  // namespace

std::vector<Scenario> answers() {
    return {
        {.name = "every-answer",
         .sentence =
             "What is told of the installation, its machines and projects, and how soon what "
             "is asked of them begins.",
         .faults = {},
         .at_most = minutes(180),
         .play = every_answer,
         .sometimes = {"reconcile.finding missing"},
         .generated = true},
    };
}

}  // namespace scenarios
