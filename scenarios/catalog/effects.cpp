#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/asking.hpp"
#include "scenarios/client/requests.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// What each request brings about, at the edges of what it may say, and how soon.
namespace scenarios {
namespace {

using lifecycle::DelegationState;
using lifecycle::HttpRequest;
using lifecycle::MachineState;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Whether a time is that of the last seconds, by the clock that all of this world go by.
bool is_now(Stage stage, std::int64_t told_ms) {
    constexpr std::int64_t kBeginning = 1'893'456'000'000;
    const auto now =
        std::chrono::duration_cast<milliseconds>(stage.cluster().world().now()).count();
    return told_ms > kBeginning + now - 10'000 && told_ms <= kBeginning + now;
}

// A project whose machine takes its time: what waits for it is told as it was asked for.
Script ask_for_machines(Stage stage) {
    const DescribedRoute& machines = described_route("POST", "/v1/projects/{project}/machines");
    const std::string target = "/v1/projects/edges/machines";
    stage.fly().options().start_delay = minutes(10);
    HttpRequest first = post(target, R"({"image": "one"})");
    json begun = co_await expect_status(stage, std::move(first), 202);
    stage.expect(begun["queued"] == false && begun["machine"]["id"] == "edges-1", "one begins");
    stage.expect(is_now(stage, begun["machine"].value("created_at_ms", std::int64_t{0})),
                 "when it was asked for is told");
    std::function<bool()> made = [stage] { return stage.exists("edges-1"); };
    const bool at_once = co_await soon(stage, std::move(made));
    stage.expect(at_once, "and is asked for at once");
    for (const Field& field : machines.fields) {
        for (const std::string& good : field.good) {
            HttpRequest asked = post(target, body_with(machines, field.name, good));
            json queued = co_await expect_status(stage, std::move(asked), 202);
            stage.expect(queued["queued"] == true && queued["machine"]["id"] == "edges-1",
                         "the next waits for it");
            json told = co_await get(stage, "/v1/projects/edges");
            json wanted = {{"image", "registry.fly.io/vivarium:1"},
                           {"region", "ams"},
                           {"provider", "fly"},
                           {"cpus", 1},
                           {"memory_mb", 256},
                           {"volume_gb", 0},
                           {"active_within_s", 0}};
            if (good != R"("")") wanted[field.name] = lifecycle::json_or_null(good);
            stage.expect(told["project"]["seen_at_ms"] == 0 && told["project"]["online"] == false,
                         "a project without an active machine was never seen");
            json waiting = told["project"]["waiting"];
            stage.expect(waiting.is_object(), "what waits is told");
            if (!waiting.is_object()) continue;
            stage.expect(is_now(stage, waiting.value("asked_at_ms", std::int64_t{0})),
                         "when it was asked for is told");
            waiting.erase("asked_at_ms");
            stage.expect(waiting == wanted,
                         fmt::format("a request that waits for {} {:.40} is told as it was asked",
                                     field.name, good));
        }
    }
    std::vector<Ask> refused = {
        {post(target, R"({"image": "a", "provider": "nobody"})"), 400, {"provider nobody"}},
        {post(target, R"({"image": "a", "provider": ")" + std::string(300, 'p') + "\"}"),
         400,
         {"provider " + std::string(200, 'p')},
         {std::string(201, 'p')}},
        {post(target, R"({"image": "a", "provider": "docker", "volume_gb": 1})"), 400, {"docker"}},
        {post(target, R"({"image": "a", "provider": "daytona", "cpus": 1})"), 400, {"daytona"}},
        {post(target, R"({"image": "a", "provider": "daytona", "memory_mb": 256})"),
         400,
         {"daytona"}},
    };
    co_await expect_refusals(stage, std::move(refused));
    HttpRequest sized = post(target, R"({"image": "a", "provider": "daytona"})");
    json fits = co_await expect_status(stage, std::move(sized), 202);
    stage.expect(fits["queued"] == true, "the image may say how large a machine is");
}

// Sends a request twice under a key as long as one may be, and another body under it.
boost::asio::awaitable<json> ask_twice(Stage stage, std::string target, std::string body,
                                       std::string respelled, std::string another) {
    const std::string key(200, 'k');
    json once = co_await expect_status(stage, post(target, body, key), 202);
    json twice = co_await expect_status(stage, post(target, respelled, key), 202);
    for (const char* name : {"machine", "delegation"}) {
        if (!once.contains(name)) continue;
        stage.expect(once[name]["id"] == twice[name]["id"], "the same request gives the same");
    }
    const Ask other{post(target, another, key), 409, {"Idempotency-Key"}};
    std::vector<Ask> refused = {other};
    co_await expect_answers(stage, std::move(refused));
    co_return once;
}

Script use_keys(Stage stage) {
    json keyed =
        co_await ask_twice(stage, "/v1/projects/keyed/machines", R"({"image": "one", "cpus": 2})",
                           R"({ "cpus":2,"image":"one" })", R"({"image": "two"})");
    stage.expect(keyed["machine"]["id"] == "keyed-1" && keyed["queued"] == false, "one is made");
    for (int number = 0; number < 2; ++number) {
        HttpRequest without = post("/v1/projects/keyless/machines", R"({"image": "one"})");
        without.headers["Idempotency-Key"] = "";
        json asked = co_await expect_status(stage, std::move(without), 202);
        stage.expect(asked["queued"] == (number == 1), "an empty key is none");
    }
    co_await stage.archive("keyless");
    co_await stage.archive("keyed");
}

// Work for the machine of alpha, which takes it and never ends it.
Script delegate_work(Stage stage) {
    const DescribedRoute& work = described_route("POST", "/v1/projects/{project}/delegations");
    const std::string target = "/v1/projects/alpha/delegations";
    stage.boxes().options("alpha-1").hung = true;
    co_await stage.sleep(minutes(2));  // until nothing else is due
    json first = co_await expect_status(stage, post(target, R"({"agent": "a"})"), 202);
    const std::string id = first["delegation"].value("id", "");
    std::function<bool()> delivered = [stage, id] {
        return stage.shadow().delegations().at(id).state == DelegationState::delivered;
    };
    const bool at_once = co_await soon(stage, std::move(delivered));
    stage.expect(at_once, "work is handed over at once");
    const std::string deep = std::string(62, '[') + std::string(62, ']');
    std::vector<std::pair<std::string, std::string>> values = {{"payload", deep}};
    for (const Field& field : work.fields) {
        for (const std::string& good : field.good) values.emplace_back(field.name, good);
    }
    for (const auto& [name, good] : values) {
        const std::string body = body_with(work, name, good);
        json made = co_await expect_status(stage, post(target, body), 202);
        json told = co_await get(stage, "/v1/delegations/" + made["delegation"].value("id", ""));
        json& is = told["delegation"];
        const json asked = lifecycle::json_or_null(body);
        stage.expect(is["agent"] == asked["agent"], "who is to do it is told");
        stage.expect(is["payload"] == asked.value("payload", json()), "what is to be done is told");
        const std::int64_t takes =
            is.value("deadline_ms", std::int64_t{0}) - is.value("created_at_ms", std::int64_t{0});
        stage.expect(takes == 1000 * asked.value("timeout_s", std::int64_t{3600}),
                     "how long it may take is told");
        stage.expect(is_now(stage, is.value("created_at_ms", std::int64_t{0})),
                     "when it was asked for is told");
    }
    json keyed =
        co_await ask_twice(stage, target, R"({"agent": "a", "payload": 1})",
                           R"({"payload":1, "agent":"a"})", R"({"agent": "a", "payload": 2})");
    stage.expect(keyed["delegation"]["payload"] == 1, "what is to be done is told");
    json listed = co_await get(stage, target);
    stage.expect(listed["delegations"].size() == stage.shadow().delegations().size(),
                 "all of them are listed");
    for (const json& each : listed["delegations"]) {
        stage.expect(!each.contains("payload"), "without what is to be done");
    }
}

// What boxes say came of work, which only the right one may.
Script conclude_work(Stage stage) {
    const DescribedRoute& result = described_route("POST", "/v1/delegations/{delegation}/result");
    const std::string token = token_of(stage, "alpha-1");
    const std::string foreign = token_of(stage, "omega-1");
    std::vector<std::string> bodies = {R"({"outcome": "failed", "result": "no"})"};
    for (const std::string& good : result.fields[1].good) {
        bodies.push_back(body_with(result, "result", good));
    }
    for (const std::string& body : bodies) {
        HttpRequest asked = post("/v1/projects/alpha/delegations", R"({"agent": "a"})");
        json made = co_await expect_status(stage, std::move(asked), 202);
        const std::string target = "/v1/delegations/" + made["delegation"].value("id", "");
        const Ask by_another{by_box(target + "/result", body, foreign), 403};
        const Ask by_nobody{by_box(target + "/result", body, "of-nobody"), 401};
        std::vector<Ask> refused = {by_another, by_nobody};
        co_await expect_answers(stage, std::move(refused));
        // The script is the agent.
        const std::string id = made["delegation"].value("id", "");
        stage.cluster().witnesses().tell(&Witness::on_processed, "alpha-1", id);
        for (int times = 0; times < 2; ++times) {
            HttpRequest said = by_box(target + "/result", body, token);
            json told = co_await expect_status(stage, std::move(said), 200);
            const json wanted = lifecycle::json_or_null(body);
            stage.expect(told["delegation"]["state"] == wanted["outcome"] &&
                             told["delegation"]["result"] == wanted.value("result", ""),
                         "what came of it is told");
        }
        const bool failed = body.contains("failed");
        const std::string otherwise =
            failed ? R"({"outcome": "processed"})" : R"({"outcome": "failed"})";
        const Ask too_late{by_box(target + "/result", otherwise, token), 409};
        std::vector<Ask> late = {too_late};
        co_await expect_refusals(stage, std::move(late));
    }
}

// A box of the machine that takes its time: two boots of it, by its secret and its tokens.
Script register_boxes(Stage stage) {
    const std::string target = "/v1/machines/edges-1/";
    const std::string secret = secret_of("edges-1");
    const std::string shortest = R"({"boot": "-A_z.019", "status": "booting"})";
    std::string token;
    for (int times = 0; times < 2; ++times) {
        HttpRequest asked = by_box(target + "register", shortest, secret);
        json told = co_await expect_status(stage, std::move(asked), 200);
        stage.expect(told["heartbeat_every_s"] == 120 && told["machine"]["id"] == "edges-1",
                     "a box is told how often to report, and who it is");
        stage.expect(token.empty() || told["token"] == token, "a boot has one token");
        token = told.value("token", "");
    }
    stage.expect(token == token_of(stage, "edges-1"), "which is the valid one");
    stage.expect(stage.machine("edges-1").daemon_status == lifecycle::DaemonStatus::booting,
                 "it said that it boots");
    const std::string other = R"({"boot": ")" + std::string(64, 'b') + R"(", "status": "booting")";
    const Ask early{by_box(target + "register", other + "}", secret), 409, {"edges-1"}};
    std::vector<Ask> refused = {early};
    co_await expect_answers(stage, std::move(refused));
    const std::string why = co_await stage.last_error("edges");
    stage.expect(why.contains("edges-1"), "why its box is not let in is told");
    std::function<bool()> arbitrated = [stage] {
        return std::ranges::any_of(stage.shadow().events(), [](const auto& each) {
            return each.second.kind == "machine:arbitrate" && each.second.lease_epoch > 0;
        });
    };
    const bool at_once = co_await soon(stage, std::move(arbitrated));
    stage.expect(at_once, "and which of them it is, is asked at once");
    HttpRequest shown =
        by_box(target + "register", other + R"(, "token": ")" + token + "\"}", secret);
    json next = co_await expect_status(stage, std::move(shown), 200);
    stage.expect(next["token"] != token, "another boot has another token");
    const Ask old{by_box(target + "status", R"({"status": "ready"})", token), 401};
    std::vector<Ask> gone = {old};
    co_await expect_refusals(stage, std::move(gone));
    HttpRequest ready =
        by_box(target + "status", R"({"status": "ready"})", next.value("token", ""));
    json heard = co_await expect_status(stage, std::move(ready), 200);
    stage.expect(heard["heartbeat_every_s"] == 120, "a box is told how often to report");
    stage.expect(stage.machine("edges-1").daemon_status == lifecycle::DaemonStatus::ready,
                 "it said that it is ready");
}

// Of machines that run, and whose boxes the script is: one says at once that it is ready, one
// later.
Script become_ready(Stage stage) {
    for (const char* status : {"ready", "booting"}) {
        const std::string project = fmt::format("was-{}", status);
        const std::string machine = project + "-1";
        stage.boxes().options(machine).mute = true;
        const std::string made = co_await stage.create(project);
        co_await stage.sleep(seconds(70));
        const std::string target = "/v1/machines/" + machine;
        const std::string body = fmt::format(R"({{"boot": "boot-{0}", "status": "{0}"}})", status);
        HttpRequest asked = by_box(target + "/register", body, secret_of(made));
        json told = co_await expect_status(stage, std::move(asked), 200);
        if (std::string_view(status) == "booting") {
            co_await stage.sleep(seconds(31));
            HttpRequest ready =
                by_box(target + "/status", R"({"status": "ready"})", told.value("token", ""));
            json heard = co_await expect_status(stage, std::move(ready), 200);
            stage.expect(heard["heartbeat_every_s"] == 120, "how often to report is told");
        }
        std::function<bool()> active = [stage, machine] {
            return stage.machine(machine).state == MachineState::active;
        };
        const bool at_once = co_await soon(stage, std::move(active));
        stage.expect(at_once, "a machine that is ready is active at once");
        stage.boxes().options(machine).mute = false;
        co_await stage.archive(project);
    }
}

Script every_effect(Stage stage) {
    for (const char* project : {"alpha", "omega"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    co_await delegate_work(stage);
    co_await conclude_work(stage);
    co_await become_ready(stage);
    co_await ask_for_machines(stage);
    co_await use_keys(stage);
    co_await register_boxes(stage);
    stage.fly().options().start_delay = seconds(0);
    co_await stage.archive("edges");
    co_await stage.archive("alpha");
}

}  // namespace

std::vector<Scenario> effects() {
    return {
        {.name = "every-effect",
         .sentence = "Requests at the edges of what they may say: each is told as it was asked, "
                     "has its effect at once, and has it once.",
         .faults = {},
         .at_most = minutes(180),
         .play = every_effect,
         .sometimes = {"net.answer server 409", "machine.queued"},
         .generated = true},
    };
}

}  // namespace scenarios
