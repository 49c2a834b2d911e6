#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/e2e/lifecycled.hpp"

// Where boxes are told to report to, by a server that may or may not have been told.
namespace e2e {
namespace {

class ControlAddressTest : public LifecycledTest {
  protected:
    ControlAddressTest() : docker_port(cloud.wait_for("docker ")) {
        engine = fmt::format("127.0.0.1:{}", docker_port);
    }

    // A server for containers of that engine, with these words.
    std::vector<std::string> with_docker(const std::string& at, const std::string& listens,
                                         const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {"--listen",      fmt::format("127.0.0.1:{}", port),
                                          "--box-listen",  fmt::format("{}:{}", listens, box_port),
                                          "--database",    folder / "lifecycle.db",
                                          "--docker",      at,
                                          "--daemon-port", fmt::format("{}", daemon_port)};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    void start(std::vector<std::string> words) {
        words.insert(words.begin(), kLifecycled);
        server = std::make_unique<Child>(words);
        listening = server->wait_for("\"event\":\"server.listening\"");
        ASSERT_NE(listening, "") << server->remaining_output();
    }

    bool tells(const std::string& host) const {
        return listening.find(fmt::format(R"("control":"{}:{}")", host, box_port)) !=
               std::string::npos;
    }

    static std::string refusal(const std::vector<std::string>& words) {
        const auto [code, said] = refused(words);
        EXPECT_EQ(code, 2) << said;
        EXPECT_TRUE(said.starts_with("lifecycled: ")) << said;
        EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
        EXPECT_NE(said.find("--control HOST:PORT"), std::string::npos) << said;
        return said;
    }

    std::string docker_port;
    std::string engine;
    std::string listening;
};

TEST_F(ControlAddressTest, IsTheGatewayOfTheBridge) {
    start(with_docker(engine, "0.0.0.0"));
    EXPECT_TRUE(tells("127.78.0.1")) << listening;
    ASSERT_TRUE(becomes(create(), "active"));
    // Its box has found us there.
    const auto project = ask("GET", "/v1/projects/alpha");
    ASSERT_TRUE(project);
    EXPECT_NE(project->body.find(R"("online":true)"), std::string::npos) << project->body;
}

TEST_F(ControlAddressTest, ALoopbackAddressIsRefusedOnABridge) {
    const std::string said = refusal(with_docker(engine, "127.0.0.1"));
    EXPECT_NE(said.find(fmt::format("--box-listen 127.78.0.1:{}", box_port)), std::string::npos)
        << said;
    EXPECT_FALSE(std::filesystem::exists(folder / "lifecycle.db"));
    start(with_docker(engine, "127.78.0.1"));
    EXPECT_TRUE(tells("127.78.0.1")) << listening;
}

TEST_F(ControlAddressTest, IsWhatControlSays) {
    const std::string control = fmt::format("127.0.0.1:{}", box_port);
    start(with_docker(engine, "127.0.0.1", {"--control", control}));
    EXPECT_TRUE(tells("127.0.0.1")) << listening;
    ASSERT_TRUE(becomes(create(), "active"));
}

// Nor does such a server need the engine to start.
TEST_F(ControlAddressTest, IsWhatControlSaysWhileTheEngineIsAway) {
    start(with_docker("unix:/nowhere", "0.0.0.0", {"--control", "boxes.example:8701"}));
    EXPECT_NE(listening.find(R"("control":"boxes.example:8701")"), std::string::npos) << listening;
}

TEST_F(ControlAddressTest, IsALoopbackAddressOnTheNetworkOfTheHost) {
    std::ofstream(folder / "admin") << std::string(40, 't') << "\n";
    std::filesystem::permissions(folder / "admin", std::filesystem::perms::owner_read);
    const std::vector<std::string> on_host = {"--docker-network", "host", "--admin-token-file",
                                              folder / "admin"};
    start(with_docker(engine, "127.0.0.1", on_host));
    EXPECT_TRUE(tells("127.0.0.1")) << listening;
    start(with_docker(engine, "0.0.0.0", on_host));
    EXPECT_TRUE(tells("127.0.0.1")) << listening;
}

// Boxes there reach --listen as clients do.
TEST_F(ControlAddressTest, TheNetworkOfTheHostTakesAToken) {
    const std::string control = fmt::format("127.0.0.1:{}", box_port);
    for (const char* network : {"host", "container:another"}) {
        const auto [code, said] = refused(
            with_docker(engine, "127.0.0.1", {"--docker-network", network, "--control", control}));
        EXPECT_EQ(code, 2) << said;
        EXPECT_NE(said.find("--admin-token-file"), std::string::npos) << said;
    }
}

TEST_F(ControlAddressTest, IsRefusedWhereTheEngineDoesNotSayIt) {
    EXPECT_NE(refusal(with_docker("unix:/nowhere", "0.0.0.0")).find("/nowhere"), std::string::npos);
    const std::string unknown =
        refusal(with_docker(engine, "0.0.0.0", {"--docker-network", "boxes"}));
    EXPECT_NE(unknown.find("network boxes not found"), std::string::npos) << unknown;
    const std::string none = refusal(with_docker(engine, "0.0.0.0", {"--docker-network", "none"}));
    EXPECT_NE(none.find("no bridge"), std::string::npos) << none;
    // TEST-NET-1: never asked, since its bridge would not be ours.
    EXPECT_NE(refusal(with_docker("192.0.2.1:2375", "0.0.0.0")).find("192.0.2.1"),
              std::string::npos);
}

TEST_F(ControlAddressTest, CloudsNeverReachALoopbackAddress) {
    const std::string token = folder / "token";
    for (const char* listens : {"127.0.0.1:0", "0.0.0.0:0", "[::]:0"}) {
        const std::vector<std::string> fly = {"--fly-app",    "a",     "--fly-token-file", token,
                                              "--box-listen", listens, "--fly-api"};
        for (const std::string& api :
             {"127.0.0.1:" + fly_port, std::string("_api.internal:4280")}) {
            std::vector<std::string> words = fly;
            words.push_back(api);
            EXPECT_NE(refusal(words).find("Fly"), std::string::npos);
        }
        EXPECT_NE(refusal({"--daytona-token-file", token, "--box-listen", listens}).find("Daytona"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace e2e
