#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/client/stage.hpp"
#include "system/model/secrets.hpp"
#include "tests/support/play.hpp"

// Who may say what, and what everybody else is told.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

const lifecycle::IdentityKey kKey{kIdentityKey};

struct Reply {
    int status = 0;
    std::string code;
    std::string token;
};

boost::asio::awaitable<Reply> ask(Stage stage, std::string target, std::string body,
                                  std::string bearer) {
    auto answer =
        co_await stage.call_as_box("POST", std::move(target), std::move(body), std::move(bearer));
    Reply reply;
    if (!answer) co_return reply;
    reply.status = answer->status;
    const json parsed = json::parse(answer->body, nullptr, false);
    if (parsed.contains("error")) reply.code = parsed["error"].value("code", "");
    reply.token = parsed.value("token", "");
    co_return reply;
}

boost::asio::awaitable<Reply> enrol(Stage stage, std::string machine, std::string secret,
                                    std::string boot, std::string token = {}) {
    std::string body = json{{"boot", boot}, {"token", token}, {"status", "booting"}}.dump();
    std::string target = "/v1/machines/" + machine + "/register";
    Reply reply = co_await ask(stage, std::move(target), std::move(body), std::move(secret));
    co_return reply;
}

boost::asio::awaitable<Reply> report(Stage stage, std::string machine, std::string token) {
    std::string target = "/v1/machines/" + machine + "/status";
    Reply reply =
        co_await ask(stage, std::move(target), R"({"status": "booting"})", std::move(token));
    co_return reply;
}

// Two projects whose own boxes are kept away, so that the test can be them.
Script prepare(Stage stage) {
    stage.network().block("box", "server");
    const std::string alpha = co_await stage.create("alpha");
    const std::string beta = co_await stage.create("beta");
    EXPECT_EQ(alpha, "alpha-1");
    EXPECT_EQ(beta, "beta-1");
    co_await stage.sleep(seconds(30));
}

#define PLAY(script)               \
    tests::Play play;              \
    ASSERT_TRUE(play.run(script)); \
    EXPECT_TRUE(play.broken.empty()) << play.broken.front()

Script refuse_strangers(Stage stage) {
    co_await prepare(stage);
    const std::string secret = kKey.bootstrap_secret("alpha-1");
    const std::string others = kKey.bootstrap_secret("beta-1");
    const lifecycle::IdentityKey stolen("another key");
    for (const std::string& forged :
         {std::string("vvb_"), others, secret.substr(0, secret.size() - 1), secret + "0",
          std::string(50'000, 'a'), stolen.bootstrap_secret("alpha-1")}) {
        const Reply refused = co_await enrol(stage, "alpha-1", forged, "boot-0001");
        EXPECT_EQ(refused.status, 401) << forged.substr(0, 20);
        EXPECT_EQ(refused.code, "unauthorized");
        EXPECT_TRUE(refused.token.empty());
    }
    const Reply nobody =
        co_await enrol(stage, "alpha-9", kKey.bootstrap_secret("alpha-9"), "b-000001");
    EXPECT_EQ(nobody.status, 404) << "its row may be on its way";
    for (const char* boot : {"short", "with space in it", "line\nbreak"}) {
        const Reply bad = co_await enrol(stage, "alpha-1", secret, boot);
        EXPECT_EQ(bad.status, 400) << boot;
    }
    stage.expect(stage.shadow().credentials().empty(), "nobody was given a token");
}

TEST(Identity, LetsNobodyInWithoutTheMachinesSecret) {
    PLAY(refuse_strangers);
}

Script one_token_a_boot(Stage stage) {
    co_await prepare(stage);
    const std::string secret = kKey.bootstrap_secret("alpha-1");
    const Reply first = co_await enrol(stage, "alpha-1", secret, "boot-0001");
    EXPECT_EQ(first.status, 200);
    EXPECT_TRUE(first.token.starts_with("vvt_"));
    const Reply again = co_await enrol(stage, "alpha-1", secret, "boot-0001");
    EXPECT_EQ(again.token, first.token) << "who asks again has lost the answer";
    const Reply other = co_await enrol(stage, "alpha-1", secret, "boot-0002");
    EXPECT_EQ(other.status, 409) << "the place is taken";
    const Reply wrong = co_await enrol(stage, "alpha-1", secret, "boot-0002", "vvt_wrong");
    EXPECT_EQ(wrong.status, 409);
    const Reply next = co_await enrol(stage, "alpha-1", secret, "boot-0003", first.token);
    EXPECT_EQ(next.status, 200) << "who shows the valid token takes over";
    EXPECT_NE(next.token, first.token);
    const Reply replayed = co_await report(stage, "alpha-1", first.token);
    EXPECT_EQ(replayed.status, 401);
    const Reply zombie = co_await enrol(stage, "alpha-1", secret, "boot-0001", first.token);
    EXPECT_EQ(zombie.status, 409) << "a boot whose place was taken is no better than any other";
    const Reply lively = co_await report(stage, "alpha-1", next.token);
    EXPECT_EQ(lively.status, 200);
}

TEST(Identity, GivesEachBootOneTokenAndTheNewestTheirPlace) {
    PLAY(one_token_a_boot);
}

Script own_machine_only(Stage stage) {
    co_await prepare(stage);
    const Reply alpha =
        co_await enrol(stage, "alpha-1", kKey.bootstrap_secret("alpha-1"), "boot-0001");
    const Reply beta =
        co_await enrol(stage, "beta-1", kKey.bootstrap_secret("beta-1"), "boot-0001");
    const Reply foreign = co_await report(stage, "alpha-1", beta.token);
    EXPECT_EQ(foreign.status, 403);
    EXPECT_EQ(foreign.code, "forbidden");
    for (const std::string& forged :
         {std::string("vvt_"), alpha.token.substr(0, 40), alpha.token + alpha.token,
          std::string(50'000, 'b'), kKey.bootstrap_secret("alpha-1")}) {
        const Reply refused = co_await report(stage, "alpha-1", forged);
        EXPECT_EQ(refused.status, 401) << forged.substr(0, 20);
    }
    const auto rotated = co_await stage.call("POST", "/v1/machines/alpha-1/rotate", "{}");
    EXPECT_EQ(rotated->status, 202);
    const Reply old = co_await report(stage, "alpha-1", alpha.token);
    EXPECT_EQ(old.status, 401) << "worth another registration";
    const Reply fresh =
        co_await enrol(stage, "alpha-1", kKey.bootstrap_secret("alpha-1"), "boot-0001");
    EXPECT_EQ(fresh.status, 200);
    EXPECT_NE(fresh.token, alpha.token);
    co_await stage.retire("alpha-1");
    const Reply retired = co_await report(stage, "alpha-1", fresh.token);
    EXPECT_EQ(retired.status, 410);
}

TEST(Identity, LetsABoxSpeakForItsOwnMachineAlone) {
    PLAY(own_machine_only);
}

Script own_project_only(Stage stage) {
    const std::string alpha = co_await stage.create("alpha");
    co_await stage.expect_active(alpha);
    stage.boxes().options(alpha).hung = true;
    const std::string work = co_await stage.delegate("alpha", 3600);
    stage.network().block("box", "server");
    const std::string beta = co_await stage.create("beta");
    co_await stage.sleep(seconds(30));
    const Reply stranger = co_await enrol(stage, beta, kKey.bootstrap_secret(beta), "boot-0001");
    const std::string said = R"({"outcome": "processed"})";
    const std::string target = "/v1/delegations/" + work + "/result";
    const Reply foreign = co_await ask(stage, target, said, stranger.token);
    EXPECT_EQ(foreign.status, 403);
    const Reply nobody = co_await ask(stage, target, said, "vvt_nobody");
    EXPECT_EQ(nobody.status, 401);
    const Reply missing =
        co_await ask(stage, "/v1/delegations/alpha.99/result", said, stranger.token);
    EXPECT_EQ(missing.status, 404);
    EXPECT_NE(stage.shadow().delegations().at(work).state, lifecycle::DelegationState::processed);
    // A machine that is only starting has nothing to say of its project's work either.
    const std::string next = co_await stage.create("alpha");
    co_await stage.sleep(seconds(30));
    const Reply candidate = co_await enrol(stage, next, kKey.bootstrap_secret(next), "boot-0001");
    const Reply early = co_await ask(stage, target, said, candidate.token);
    EXPECT_EQ(early.status, 409);
    stage.network().unblock("box", "server");
}

TEST(Identity, LetsOnlyTheActiveMachineConcludeItsProjectsWork) {
    PLAY(own_project_only);
}

TEST(Identity, DerivesSecretsThatSayNothingOfEachOther) {
    EXPECT_NE(kKey.bootstrap_secret("alpha-1"), kKey.bootstrap_secret("alpha-2"));
    EXPECT_NE(kKey.token("alpha-1", "boot-0001", 1), kKey.token("alpha-1", "boot-0001", 2));
    EXPECT_NE(kKey.token("alpha-1", "boot-0001", 1), kKey.token("alpha-1", "boot-0002", 1));
    EXPECT_NE(kKey.token("alpha-1", "boot-0001", 1), kKey.token("alpha-11", "boot-0001", 1));
    EXPECT_EQ(kKey.token("alpha-1", "boot-0001", 1), kKey.token("alpha-1", "boot-0001", 1));
    EXPECT_EQ(lifecycle::hash_of("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace scenarios
