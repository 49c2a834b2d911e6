#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/client/stage.hpp"
#include "system/api/api.hpp"
#include "system/model/secrets.hpp"
#include "tests/support/play.hpp"

namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;

struct BadRequest {
    const char* method;
    std::string target;
    std::string body;
    int status;
    const char* code;
    const char* says;  // a part of the message
};

const std::vector<BadRequest>& bad_requests() {
    static const std::vector<BadRequest> all = {
        {"POST", "/v1/projects/alpha/machines", "{", 400, "bad_request", "not JSON"},
        {"POST", "/v1/projects/alpha/machines", "[1]", 400, "bad_request", "JSON array"},
        {"POST", "/v1/projects/alpha/machines", "null", 400, "bad_request", "JSON null"},
        {"POST", "/v1/projects/alpha/machines", "", 400, "bad_request", "\"image\" is missing"},
        {"POST", "/v1/projects/alpha/machines", "{}", 400, "bad_request", "\"image\" is missing"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":7})", 400, "bad_request", "\"image\""},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","cpus":"2"})", 400, "bad_request",
         "\"cpus\""},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","cpus":1.5})", 400, "bad_request",
         "\"cpus\""},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","cpus":0})", 400, "bad_request",
         "from 1 to 64"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","cpus":18446744073709551615})", 400,
         "bad_request", "from 1 to 64"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","colour":"red"})", 400,
         "bad_request", "\"colour\" is not known"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":")" + std::string(600, 'x') + R"("})",
         400, "bad_request", "512 bytes"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"a\u0000b"})", 400, "bad_request",
         "zero byte"},
        {"POST", "/v1/projects/alpha/machines", "\xff\xfe", 400, "bad_request", "not JSON"},
        {"POST", "/v1/projects/alpha/machines", std::string(lifecycle::kMaxBodyBytes + 1, ' '), 413,
         "too_large", "bytes"},
        {"POST", "/v1/projects/Alpha/machines", R"({"image":"x"})", 400, "bad_request",
         "not a project id"},
        {"POST", "/v1/projects//machines", R"({"image":"x"})", 400, "bad_request",
         "not a project id"},
        {"GET", "/v1/projects/nobody/machines", "", 404, "not_found", "no project nobody"},
        {"PUT", "/v1/projects/alpha/machines", "", 405, "method_not_allowed", "PUT"},
        {"DELETE", "/v1/machines/alpha-1", "", 405, "method_not_allowed", "DELETE"},
        {"POST", "/v1/health", "", 405, "method_not_allowed", "POST"},
        {"GET", "/v1/machines/alpha-9", "", 404, "not_found", "no machine alpha-9"},
        {"POST", "/v1/machines/alpha-9/retire", "", 404, "not_found", "no machine alpha-9"},
        {"POST", "/v1/machines/alpha-9/rotate", "", 404, "not_found", "no machine alpha-9"},
        {"GET", "/v1/projects/nobody", "", 404, "not_found", "no project nobody"},
        {"POST", "/v1/projects/nobody/recreate", "", 404, "not_found", "no project nobody"},
        {"POST", "/v1/projects/alpha/recreate", R"({"machine":7})", 400, "bad_request",
         "\"machine\""},
        {"POST", "/v1/projects/nobody/delegations", R"({"agent":"a"})", 404, "not_found",
         "no project nobody"},
        {"POST", "/v1/projects/alpha/delegations", "{}", 400, "bad_request", "\"agent\""},
        {"POST", "/v1/projects/alpha/delegations", R"({"agent":"a","timeout_s":0})", 400,
         "bad_request", "from 1 to 604800"},
        {"GET", "/v1/delegations/alpha.9", "", 404, "not_found", "no delegation alpha.9"},
        {"PUT", "/v1/projects/alpha/delegations", "", 405, "method_not_allowed", "PUT"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","active_within_s":5})", 400,
         "bad_request", "from 60 to 86400"},
        {"GET", "/v1/machines/alpha-9/agents", "", 404, "not_found", "no machine alpha-9"},
        {"GET", "/v1/projects/alpha/proxy/x", "", 503, "machine_unavailable", "no active machine"},
        {"GET", "/", "", 404, "not_found", "no route /"},
        {"GET", "/v2/health", "", 404, "not_found", "no route /v2/health"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","provider":"moon"})", 400,
         "bad_request", "no provider moon"},
        {"POST", "/v1/projects/alpha/machines",
         R"({"image":"x","provider":"docker","volume_gb":3})", 400, "bad_request",
         "docker has no volumes"},
        {"POST", "/v1/projects/alpha/machines",
         R"({"image":"x","provider":"daytona","memory_mb":512})", 400, "bad_request",
         "says how large a machine is"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x","volume_gb":-1})", 400,
         "bad_request", "from 0 to 500"},
        {"POST", "/v1/projects/nobody/archive", "", 404, "not_found", "no project nobody"},
        {"POST", "/v1/projects/alpha/archive", R"({"now":true})", 400, "bad_request", "\"now\""},
        {"GET", "/v1/projects/alpha/archive", "", 405, "method_not_allowed", "GET"},
        {"PUT", "/v1/projects/nobody/github", R"({"repository":"a/b"})", 404, "not_found",
         "no project nobody"},
        {"PUT", "/v1/projects/alpha/github", R"({"repository":"ab"})", 400, "bad_request",
         "owner/name"},
        {"POST", "/v1/webhooks/github", "{}", 401, "unauthorized", "signature"},
        {"GET", "/v1/webhooks/github", "", 405, "method_not_allowed", "GET"},
        {"POST", "/v1/machines/alpha-9/restart", "", 404, "not_found", "no machine alpha-9"},
        {"POST", "/v1/machines/alpha-9/archive", "", 404, "not_found", "no machine alpha-9"},
        {"GET", "/v1/machines/alpha-9/events", "", 404, "not_found", "no machine alpha-9"},
        {"POST", "/v1/reconcile", R"({"apply":"yes"})", 400, "bad_request", "true or false"},
        {"POST", "/v1/reconcile", R"({"destroy":"abc"})", 400, "bad_request", "list of external"},
        {"POST", "/v1/reconcile", R"({"destroy":{}})", 400, "bad_request", "list of external"},
        {"POST", "/v1/reconcile", R"({"destroy":[7]})", 400, "bad_request", "list of external"},
        {"POST", "/v1/metrics", "", 405, "method_not_allowed", "POST"},
        {"GET", "/v1/machines", "", 404, "not_found", "no route"},
        {"GET", "/v1/machines/a/b/c", "", 404, "not_found", "no route"},
        {"GET", "no-slash", "", 404, "not_found", "no route"},
        {"GET", "//", "", 404, "not_found", "no route"},
        {"TRACE", "/v1/projects/alpha/proxy/", "some body", 501, "not_implemented", "TRACE"},
        {"CONNECT", "/v1/projects/alpha/proxy/", "", 501, "not_implemented", "CONNECT"},
        {"POST", "/v1/machines/alpha-9/status", R"({"status":"ready"})", 404, "not_found",
         "no route"},
        {"POST", "/v1/machines/alpha-9/register", "{}", 404, "not_found", "no route"},
    };
    return all;
}

// At the boxes' door.
const std::vector<BadRequest>& bad_box_requests() {
    static const std::vector<BadRequest> all = {
        {"POST", "/v1/machines/alpha-9/status", R"({"status":"ready"})", 401, "unauthorized",
         "no token"},
        {"POST", "/v1/machines/alpha-9/register", R"({"boot":"boot-1234","status":"ready"})", 401,
         "unauthorized", "no token"},
        {"POST", "/v1/machines/alpha-9/register", R"({"boot":"boot-1234","colour":"red"})", 400,
         "bad_request", "\"colour\""},
        {"GET", "/v1/machines/alpha-9/register", "", 405, "method_not_allowed", "GET"},
        {"POST", "/v1/delegations/alpha.1/result", R"({"outcome":"perhaps"})", 400, "bad_request",
         "\"processed\" or \"failed\""},
        {"POST", "/v1/delegations/alpha.1/result", R"({"outcome":"processed"})", 401,
         "unauthorized", "no token"},
        {"POST", "/v1/machines/alpha-9/status", R"({"status":"dancing"})", 400, "bad_request",
         "\"booting\" or \"ready\""},
        {"POST", "/v1/machines/alpha-9/status", R"({"status":true})", 400, "bad_request",
         "\"status\""},
        {"TRACE", "/v1/machines/alpha-9/status", "", 501, "not_implemented", "TRACE"},
        {"POST", "/v1/projects/alpha/archive", "", 404, "not_found", "no route"},
        {"POST", "/v1/projects/alpha/machines", R"({"image":"x"})", 404, "not_found", "no route"},
        {"GET", "/v1/projects/alpha/proxy/", "", 404, "not_found", "no route"},
        {"GET", "/v1/projects/alpha", "", 404, "not_found", "no route"},
        {"GET", "/v1/machines/alpha-1", "", 404, "not_found", "no route"},
        {"POST", "/v1/machines/alpha-1/retire", "", 404, "not_found", "no route"},
        {"GET", "/v1/metrics", "", 404, "not_found", "no route"},
        {"POST", "/v1/reconcile", "", 404, "not_found", "no route"},
        {"POST", "/v1/webhooks/github", "{}", 404, "not_found", "no route"},
    };
    return all;
}

// As a client, and as a box.
Script send_bad_requests(Stage stage, bool as_box) {
    for (const BadRequest& bad : as_box ? bad_box_requests() : bad_requests()) {
        const auto answer = co_await (as_box ? stage.call_as_box(bad.method, bad.target, bad.body)
                                             : stage.call(bad.method, bad.target, bad.body));
        EXPECT_TRUE(answer.has_value()) << bad.method << " " << bad.target;
        if (!answer) co_return;
        const std::string what = std::string(bad.method) + " " + bad.target + " " +
                                 bad.body.substr(0, 60) + " -> " + answer->body;
        EXPECT_EQ(answer->status, bad.status) << what;
        const json body = json::parse(answer->body, nullptr, false);
        const bool shaped = body.is_object() && body.contains("error") &&
                            body["error"].contains("code") && body["error"].contains("message") &&
                            body["error"].contains("action");
        EXPECT_TRUE(shaped) << what;
        if (!shaped) continue;
        EXPECT_EQ(body["error"]["code"], bad.code) << what;
        EXPECT_NE(body["error"]["message"].get<std::string>().find(bad.says), std::string::npos)
            << what;
        EXPECT_FALSE(body["error"]["action"].get<std::string>().empty()) << what;
    }
}

TEST(Api, AnswersEveryBadRequestClearlyAndChangesNothing) {
    tests::Play play;
    ASSERT_TRUE(play.run([](Stage stage) { return send_bad_requests(stage, false); }));
    ASSERT_TRUE(play.run([](Stage stage) { return send_bad_requests(stage, true); }));
    EXPECT_TRUE(play.cluster->shadow().projects().empty());
    EXPECT_TRUE(play.cluster->shadow().machines().empty());
    EXPECT_TRUE(play.cluster->shadow().events().empty());
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

// Whatever is not a box's, a webhook or the health needs the admin's token, routes that do not
// exist included: who has none learns nothing.
Script ask_without_token(Stage stage) {
    for (const char* target : {"/v1/metrics", "/v1/projects/alpha", "/v1/projects/alpha/proxy/x",
                               "/v1/machines/alpha-1", "/v1/nothing", "/v1/projects/A"}) {
        for (const char* bearer : {"", "another-token"}) {
            const auto answer = co_await stage.call("GET", target, "", bearer);
            EXPECT_EQ(answer->status, 401) << target;
            EXPECT_EQ(answer->headers.at("WWW-Authenticate"), "Bearer");
        }
    }
    const auto health = co_await stage.call("GET", "/v1/health", "", "");
    EXPECT_EQ(health->status, 200);
    EXPECT_NE(health->body.find("fly"), std::string::npos);
    // A stranger's program is not told where machines are made.
    const auto box_health = co_await stage.call_as_box("GET", "/v1/health");
    EXPECT_EQ(box_health->status, 200);
    EXPECT_EQ(box_health->body.find("fly"), std::string::npos);
    Stage::Push push{"owner/name", "c0ffee"};
    const int pushed = co_await stage.push(std::move(push));
    EXPECT_EQ(pushed, 202) << "a webhook proves itself by its signature";
}

TEST(Api, AsksClientsForTheAdminsToken) {
    tests::Play play;
    ASSERT_TRUE(play.run(ask_without_token));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script push_to_two(Stage stage) {
    const std::string alpha = co_await stage.create("alpha");
    const std::string beta = co_await stage.create("beta");
    EXPECT_NE(alpha, beta);
    const std::string owner = R"({"repository":"owner/name"})";
    const auto first = co_await stage.call("PUT", "/v1/projects/alpha/github", owner);
    EXPECT_EQ(first->status, 200);
    const auto second = co_await stage.call("PUT", "/v1/projects/beta/github", owner);
    EXPECT_EQ(second->status, 200);
    const Stage::Push push{"owner/name", "c0ffee"};
    const int waits = co_await stage.push(push);
    EXPECT_EQ(waits, 202);
    co_await stage.archive("beta");
    const std::string again = co_await stage.create("beta");
    EXPECT_NE(again, beta);
    const auto third = co_await stage.call("PUT", "/v1/projects/beta/github", owner);
    EXPECT_EQ(third->status, 200);
    const Stage::Push other{"owner/name", "c0ffee", "another"};
    const int told = co_await stage.push(other);
    EXPECT_EQ(told, 202) << "beta gave that push up; alpha did not";
}

TEST(Api, OneProjectThatRefusesAPushDoesNotHoldUpTheOthers) {
    tests::Play play;
    ASSERT_TRUE(play.run(push_to_two));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script create_and_look(Stage stage) {
    stage.network().delay("server", "fly", std::chrono::seconds(1));
    const std::string machine = co_await stage.create("alpha");
    EXPECT_EQ(machine, "alpha-1");
    EXPECT_TRUE(stage.fly().machines().empty()) << "the answer does not wait for the provider";
    const auto starting = co_await stage.call("GET", "/v1/machines/alpha-1/agents");
    EXPECT_EQ(starting->status, 503) << "a machine that is starting is explicitly unavailable";
    EXPECT_NE(starting->body.find("machine_unavailable"), std::string::npos);
    const bool active = co_await stage.until(machine, "active", minutes(5));
    EXPECT_TRUE(active);
    const auto listed = co_await stage.call("GET", "/v1/projects/alpha/machines");
    const json machines = json::parse(listed->body)["machines"];
    EXPECT_EQ(machines.size(), 1U);
    EXPECT_EQ(machines[0]["state"], "active");
    EXPECT_EQ(machines[0]["memory_mb"], 1024);
    EXPECT_FALSE(machines[0]["external_id"].get<std::string>().empty());
    const auto proxied =
        co_await stage.call("POST", "/v1/projects/alpha/proxy/a/b?c=d", "some body");
    EXPECT_EQ(proxied->status, 200);
    EXPECT_EQ(proxied->headers.at("X-Vivarium-Machine"), "alpha-1");
    const json echoed = json::parse(proxied->body);
    EXPECT_EQ(echoed["path"], "/a/b");
    EXPECT_EQ(echoed["bytes"], 9);
    EXPECT_EQ(echoed["authorization"], "") << "the admin's token is not for machines";
    const auto agents = co_await stage.call("GET", "/v1/machines/alpha-1/agents");
    EXPECT_EQ(json::parse(agents->body)["agents"].size(), 1U);
}

TEST(Api, CreatesListsAndReachesAMachine) {
    tests::Play play;
    ASSERT_TRUE(play.run(create_and_look));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script retire_and_report(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    const bool active = co_await stage.until(machine, "active", minutes(5));
    EXPECT_TRUE(active);
    co_await stage.retire(machine);
    lifecycle::IdentityKey key(scenarios::kIdentityKey);
    const int report = co_await stage.introduce(machine, key.bootstrap_secret(machine));
    EXPECT_EQ(report, 410) << "a retired machine is told to stop reporting";
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/");
    EXPECT_EQ(proxied->status, 503);
    const bool archived = co_await stage.until(machine, "archived", minutes(20));
    EXPECT_TRUE(archived);
    co_await stage.retire(machine);  // again: nothing more happens
    EXPECT_TRUE(stage.fly().machines().empty());
}

TEST(Api, RetiresAMachineUntilItsResourceIsGone) {
    tests::Play play;
    ASSERT_TRUE(play.run(retire_and_report));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script wait_while_starting(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    const auto asked = co_await stage.call("POST", "/v1/projects/alpha/machines",
                                           R"({"image": "next", "memory_mb": 512})");
    const json second = json::parse(asked->body);
    EXPECT_EQ(asked->status, 202);
    EXPECT_EQ(second["queued"], true);
    EXPECT_EQ(second["machine"]["id"], first) << "the one that is on its way";
    const auto looked = co_await stage.call("GET", "/v1/projects/alpha");
    EXPECT_EQ(json::parse(looked->body)["project"]["waiting"]["image"], "next");
    const bool active = co_await stage.until(first, "active", minutes(5));
    EXPECT_TRUE(active);
    const bool next = co_await stage.until("alpha-2", "active", minutes(5));
    EXPECT_TRUE(next);
    const auto later = co_await stage.call("GET", "/v1/projects/alpha");
    EXPECT_TRUE(json::parse(later->body)["project"]["waiting"].is_null());
}

TEST(Api, LetsARequestWaitForAMachineThatIsStarting) {
    tests::Play play;
    ASSERT_TRUE(play.run(wait_while_starting));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script look_at_history(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "docker");
    const bool active = co_await stage.until(machine, "active", minutes(5));
    EXPECT_TRUE(active);
    const auto restarted = co_await stage.call("POST", "/v1/machines/alpha-1/restart", "{}");
    EXPECT_EQ(restarted->status, 202);
    co_await stage.sleep(minutes(1));
    const auto answer = co_await stage.call("GET", "/v1/machines/alpha-1/events");
    std::vector<std::string> happened;
    const json body = json::parse(answer->body);
    for (const json& event : body["events"]) happened.push_back(event["what"]);
    EXPECT_EQ(happened,
              (std::vector<std::string>{"created", "provisioned", "active", "restarted"}));
    const std::int64_t machines = co_await stage.metric("machines");
    EXPECT_EQ(machines, 1);
    const std::int64_t provisioned = co_await stage.metric("machine_provisioned_total");
    EXPECT_EQ(provisioned, 1);
}

TEST(Api, TellsTheHistoryOfAMachineAndMeasures) {
    tests::Play play;
    ASSERT_TRUE(play.run(look_at_history));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script look_at_payloads(Stage stage) {
    co_await stage.create("alpha");
    const std::string work = co_await stage.delegate("alpha", 600);
    const auto listed = co_await stage.call("GET", "/v1/projects/alpha/delegations");
    const json first = json::parse(listed->body)["delegations"][0];
    EXPECT_EQ(first["id"], work);
    EXPECT_FALSE(first.contains("payload")) << "a page of payloads would take a gigabyte";
    const auto shown = co_await stage.call("GET", "/v1/delegations/" + work);
    EXPECT_EQ(json::parse(shown->body)["delegation"]["payload"]["say"], "hello");
}

TEST(Api, ShowsPayloadsOneByOne) {
    tests::Play play;
    ASSERT_TRUE(play.run(look_at_payloads));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

Script volume_elsewhere(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    EXPECT_EQ(machine, "alpha-1");
    const auto refused = co_await stage.call("PUT", "/v1/projects/alpha/github",
                                             R"({"repository":"a/b","branch":"main"})");
    EXPECT_EQ(refused->status, 200);
    co_await stage.archive("alpha");
    const bool archived = co_await stage.until(machine, "archived", minutes(30));
    EXPECT_TRUE(archived);
    co_await stage.sleep(minutes(5));
    const std::int64_t owed = co_await stage.metric("volumes_owed");
    EXPECT_EQ(owed, 0);
}

TEST(Api, ArchivesAProjectWithItsVolume) {
    tests::Play play;
    ASSERT_TRUE(play.run(volume_elsewhere));
    EXPECT_TRUE(play.broken.empty()) << play.broken.front();
}

}  // namespace
}  // namespace scenarios
