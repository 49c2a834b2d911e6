#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/lifecycled.hpp"

namespace e2e {
namespace {

using nlohmann::json;

TEST_F(LifecycledTest, TakesAMachineToActiveThroughAKillAndARestart) {
    start_server();
    ASSERT_EQ(create(), "alpha-1");
    // Killed in the middle: the resource is asked for, the machine is not active.
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    ASSERT_EQ(state("alpha-1"), "starting");
    server->send_signal(SIGKILL);
    EXPECT_EQ(server->wait(), -SIGKILL);
    start_server();
    // The lease of its past life runs out within half a minute.
    ASSERT_TRUE(becomes("alpha-1", "active") || becomes("alpha-1", "active"));
    const auto proxied = request(port, "GET", "/v1/projects/alpha/proxy/hello");
    ASSERT_TRUE(proxied.has_value());
    EXPECT_EQ(proxied->status, 200);
    EXPECT_EQ(json::parse(proxied->body)["machine"], "alpha-1");
    const auto agents = request(port, "GET", "/v1/machines/alpha-1/agents");
    EXPECT_EQ(json::parse(agents->body)["agents"][0]["id"], "agent-1");

    // A second machine replaces it, and the server stops as it is asked to.
    ASSERT_EQ(create(), "alpha-2");
    ASSERT_TRUE(becomes("alpha-2", "active"));
    EXPECT_EQ(state("alpha-1"), "detached");
    server->send_signal(SIGTERM);
    EXPECT_EQ(server->wait(), 0);
    start_server();
    EXPECT_EQ(state("alpha-2"), "active");
}

TEST_F(LifecycledTest, AnswersBadRequestsOnTheWire) {
    start_server();
    const auto bad = request(port, "POST", "/v1/projects/alpha/machines", "{");
    ASSERT_TRUE(bad.has_value());
    EXPECT_EQ(bad->status, 400);
    const auto large =
        request(port, "POST", "/v1/projects/alpha/machines", std::string(1'100'000, 'x'));
    ASSERT_TRUE(large.has_value());
    EXPECT_EQ(large->status, 413);
    EXPECT_EQ(json::parse(large->body)["error"]["code"], "too_large");
    const auto route = request(port, "GET", "/nowhere");
    EXPECT_EQ(route->status, 404);
    const auto none = request(port, "GET", "/v1/projects/alpha/proxy/");
    EXPECT_EQ(none->status, 503);
    EXPECT_EQ(json::parse(none->body)["error"]["code"], "machine_unavailable");
}

TEST_F(LifecycledTest, ReconcilesThroughTheServerThatRuns) {
    start_server();
    for (const char* how : {"--dry-run", "--apply"}) {
        Child child({kLifecycled, "reconcile", "--api", fmt::format("127.0.0.1:{}", port), how});
        const int code = child.wait();
        const std::string said = child.remaining_output();
        EXPECT_EQ(code, 0) << said;
        EXPECT_NE(said.find("0 differences"), std::string::npos) << said;
    }
    const auto metrics = request(port, "GET", "/v1/metrics");
    ASSERT_TRUE(metrics.has_value());
    EXPECT_NE(metrics->body.find("lifecycled_outbox_depth 0\n"), std::string::npos);
}

TEST_F(LifecycledTest, RefusesBadOptionsInOneLine) {
    const std::string token = folder / "token";
    std::ofstream(folder / "no.db") << "this is no database, but it is long enough to be read\n";
    const std::vector<std::vector<std::string>> all = {
        {},
        {"--fly-app", "a"},
        {"--fly-app", "a", "--fly-token-file", "/nowhere"},
        {"--fly-app", "a", "--fly-token-file", token, "--listen", "nonsense"},
        {"--fly-app", "a", "--fly-token-file", token, "--listen", "127.0.0.1:99999"},
        {"--fly-app", "a", "--fly-token-file", token, "--fly-api", "nonsense"},
        {"--fly-app", "a", "--fly-token-file", token, "--unheard-of"},
        {"--fly-token-file", token},
        {"--fly-app", "a", "--fly-token-file", token, "--provider", "docker"},
        {"--fly-app", "a", "--fly-token-file", token, "--github-secret-file", "/nowhere"},
        {"--docker", "nonsense"},
        {"--daytona-token-file", "/nowhere"},
        {"--fly-app", "a", "--fly-token-file", token, "--consul", "nonsense"},
        {"--fly-app", "a", "--fly-token-file", token, "--heartbeat-every", "0"},
        {"--fly-app", "a", "--fly-token-file", token, "--control", "nonsense"},
        {"--fly-app", "a", "--fly-token-file", token, "--control", "boxes:1", "--listen",
         "127.0.0.1:0", "--identity-key-file", token},
        {"--fly-app", "a", "--fly-token-file", token, "--control", "boxes:1", "--listen",
         "127.0.0.1:0", "--identity-key-file", "/nowhere/key"},
        {"reconcile", "--api", "nonsense"},
        {"reconcile", "--api", "127.0.0.1:1"},
        {"reconcile", "--apply", "--dry-run"},
        {"--fly-app", "a", "--fly-token-file", token, "--control", "boxes:1", "--listen",
         "127.0.0.1:0", "--database", folder / "no.db"},
        {"--fly-app", "a", "--fly-token-file", token, "--control", "boxes:1", "--listen",
         "127.0.0.1:0", "--database", "/nowhere/x.db"},
    };
    for (const auto& words : all) {
        const auto [code, said] = refused(words);
        EXPECT_EQ(code, 2) << said;
        EXPECT_TRUE(said.starts_with("lifecycled: ")) << said;
        EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    }
}

// A box registers, works, and is the only one who ever sees its secrets.
TEST_F(LifecycledTest, KnowsItsBoxesAndKeepsTheirSecrets) {
    start_server();
    const std::string machine = create();
    ASSERT_TRUE(becomes(machine, "active"));
    const auto project = request(port, "GET", "/v1/projects/alpha");
    ASSERT_TRUE(project);
    EXPECT_TRUE(json::parse(project->body)["project"].value("online", false)) << project->body;
    const auto asked = request(port, "POST", "/v1/projects/alpha/delegations",
                               R"({"agent": "agent-1", "payload": {"say": "hello"}})");
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->status, 202) << asked->body;
    std::string state;
    for (int i = 0; i < 300 && state != "processed"; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto listed = request(port, "GET", "/v1/projects/alpha/delegations");
        if (listed) state = json::parse(listed->body)["delegations"][0].value("state", "");
    }
    EXPECT_EQ(state, "processed");
    const auto forged =
        request(box_port, "POST", "/v1/machines/" + machine + "/status", R"({"status": "ready"})");
    ASSERT_TRUE(forged);
    EXPECT_EQ(forged->status, 401);
    const auto key = std::filesystem::status(folder / "lifecycle.db.key").permissions();
    EXPECT_EQ(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    server->send_signal(SIGTERM);
    EXPECT_EQ(server->wait(), 0);
    std::string seen = server->remaining_output();
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(file.path(), std::ios::binary);
        seen.append(std::istreambuf_iterator<char>(in), {});
    }
    for (const char* mark : {"vvt_", "vvb_"}) EXPECT_EQ(seen.find(mark), std::string::npos) << mark;
}

}  // namespace
}  // namespace e2e
