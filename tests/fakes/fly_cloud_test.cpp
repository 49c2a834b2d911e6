#include "fakes/fly/cloud.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "system/providers/fly.hpp"
#include "tests/support/sim_fixture.hpp"

namespace fakes {
namespace {

using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct SilentHost final : BoxHost {
    void power_on(const BoxSpec& box) override { on.push_back(box.name); }
    void power_off(const std::string& id) override { off.push_back(id); }
    std::vector<std::string> on;
    std::vector<std::string> off;
};

FlyCloudOptions cloud_options() {
    FlyCloudOptions options;
    options.address = [](std::uint64_t n) { return "fdaa::" + std::to_string(n); };
    return options;
}

// The dialect as a client on the wire sees it.
class FlyCloudTest : public testing::Test {
  protected:
    explicit FlyCloudTest(std::vector<sim::Deviation> deviations = {})
        : at(std::make_unique<sim::RecordedSource>(deviations)),
          cloud(at.clock, at.tape, host, cloud_options()) {}

    std::optional<HttpResponse> send(const std::string& method, const std::string& path,
                                     const std::string& body = {}) {
        lifecycle::HttpRequest request;
        request.method = method;
        request.target = "/v1/apps/vivarium/machines" + path;
        request.headers["authorization"] = "Bearer fly-token";
        request.body = body;
        answer.reset();
        cloud.handle(request, [this](HttpResponse response) { answer = std::move(response); });
        return answer;
    }
    std::string create(const std::string& name, bool skip_launch = true) {
        const json body = {{"name", name},
                           {"skip_launch", skip_launch},
                           {"config", {{"image", "i"}, {"metadata", {{"owner", name}}}}}};
        const auto response = send("POST", "", body.dump());
        return response->status == 200 ? json::parse(response->body)["id"].get<std::string>() : "";
    }
    std::string state(const std::string& id) {
        const auto response = send("GET", "/" + id);
        return response->status == 200 ? json::parse(response->body)["state"].get<std::string>()
                                       : "none";
    }
    void pass(sim::Duration time) { at.world.run_until(at.world.now() + time); }

    tests::SimFixture at;
    SilentHost host;
    FlyCloud cloud;
    std::optional<HttpResponse> answer;
};

TEST_F(FlyCloudTest, PreparesStartsStopsAndDestroys) {
    const std::string id = create("a");
    EXPECT_EQ(state(id), "created");
    const auto early = send("POST", "/" + id + "/start");
    EXPECT_EQ(early->status, 412);
    EXPECT_NE(early->body.find("unable to start machine from current state: 'created'"),
              std::string::npos);
    pass(seconds(2));
    EXPECT_EQ(state(id), "stopped");
    EXPECT_EQ(send("POST", "/" + id + "/start")->status, 200);
    EXPECT_EQ(state(id), "starting");
    pass(seconds(1));
    EXPECT_EQ(state(id), "started");
    EXPECT_EQ(host.on, std::vector<std::string>{"a"});
    EXPECT_EQ(send("DELETE", "/" + id)->status, 412) << "a running machine needs force";
    EXPECT_EQ(send("POST", "/" + id + "/stop", "{}")->status, 200);
    EXPECT_EQ(state(id), "stopping");
    pass(seconds(1));
    EXPECT_EQ(state(id), "stopped");
    EXPECT_EQ(send("DELETE", "/" + id + "?force=true")->status, 200);
    EXPECT_EQ(state(id), "destroying");
    pass(seconds(2));
    EXPECT_EQ(state(id), "destroyed") << "for a while it can still be read";
    pass(seconds(20));
    EXPECT_EQ(send("GET", "/" + id)->body, R"({"error":"not_found: machine not found"})");
}

TEST_F(FlyCloudTest, LaunchesByItselfUnlessToldNotTo) {
    const std::string id = create("a", false);
    pass(seconds(3));
    EXPECT_EQ(state(id), "started");
}

TEST_F(FlyCloudTest, RefusesANameThatIsTakenAndNamesItsHolder) {
    const std::string id = create("a");
    const auto again = send("POST", "", R"({"name":"a","config":{"image":"i"}})");
    EXPECT_EQ(again->status, 409);
    EXPECT_EQ(json::parse(again->body)["error"],
              "already_exists: unique machine name violation, machine ID " + id +
                  " already exists with name \"a\"");
    EXPECT_EQ(lifecycle::classify_fly_error(409, again->body).conflicting_id, id);
}

TEST_F(FlyCloudTest, FreesTheNameOfADestroyedMachine) {
    const std::string first = create("a");
    send("DELETE", "/" + first + "?force=true");
    EXPECT_EQ(create("a"), "") << "not while it is being destroyed";
    pass(seconds(5));
    EXPECT_NE(create("a"), first);
}

TEST_F(FlyCloudTest, ListsByMetadata) {
    const std::string a = create("a");
    create("b");
    const auto found = send("GET", "?metadata.owner=a");
    ASSERT_EQ(json::parse(found->body).size(), 1U);
    EXPECT_EQ(json::parse(found->body)[0]["id"], a);
    EXPECT_EQ(json::parse(send("GET", "?metadata.owner=c")->body).size(), 0U);
    EXPECT_EQ(json::parse(send("GET", "")->body).size(), 2U);
}

TEST_F(FlyCloudTest, WaitsForAStateOrAnswers408) {
    const std::string id = create("a");
    EXPECT_FALSE(send("GET", "/" + id + "/wait?state=started&timeout=5").has_value());
    pass(seconds(6));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 408);
    EXPECT_EQ(json::parse(answer->body)["error"],
              "deadline_exceeded: machine failed to reach desired state, started, currently "
              "stopped");
    send("POST", "/" + id + "/start");
    EXPECT_FALSE(send("GET", "/" + id + "/wait?state=started&timeout=5").has_value());
    pass(seconds(2));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(send("GET", "/" + id + "/wait")->status, 200) << "at once, if it is there";
}

TEST_F(FlyCloudTest, ThrottlesPerActionAndMachine) {
    const std::string a = create("a");
    const std::string b = create("b");
    pass(seconds(10));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(send("POST", "/" + a + "/stop", "{}")->status, 200);
    EXPECT_EQ(send("POST", "/" + a + "/stop", "{}")->status, 429);
    EXPECT_EQ(send("POST", "/" + b + "/stop", "{}")->status, 200) << "another machine";
    EXPECT_EQ(send("POST", "/" + a + "/start")->status, 200) << "another action";
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send("GET", "/" + a)->status, 200) << "reads get more";
    EXPECT_EQ(send("GET", "/" + a)->status, 429);
    pass(seconds(1));
    EXPECT_EQ(send("POST", "/" + a + "/stop", "{}")->status, 200) << "one a second comes back";
}

TEST_F(FlyCloudTest, RefusesWhatItDoesNotUnderstand) {
    EXPECT_EQ(send("POST", "", "no json")->status, 400);
    EXPECT_EQ(send("POST", "", R"({"config":{}})")->status, 400);
    EXPECT_EQ(send("PATCH", "/x/y")->status, 404);
    lifecycle::HttpRequest request;
    request.target = "/v1/apps/vivarium/machines";
    cloud.handle(request, [](const HttpResponse& refused) { EXPECT_EQ(refused.status, 401); });
    request.headers["Authorization"] = "Bearer fly-token";
    request.target = "/v1/apps/other/machines";
    cloud.handle(request, [](const HttpResponse& refused) { EXPECT_EQ(refused.status, 404); });
}

// One deviation each, and what it does.
class MishapTest : public FlyCloudTest {
  protected:
    explicit MishapTest(std::vector<sim::Deviation> deviations)
        : FlyCloudTest(std::move(deviations)) {}
    json body(const std::string& name) {
        return {{"name", name}, {"skip_launch", true}, {"config", {{"image", "i"}}}};
    }
};

struct ErrorBefore : MishapTest {
    ErrorBefore() : MishapTest({{"fly mishap", 0, 1}}) {}
};
TEST_F(ErrorBefore, MakesNothing) {
    EXPECT_EQ(send("POST", "", body("a").dump())->status, 500);
    EXPECT_TRUE(cloud.machines().empty());
}

struct ErrorAfter : MishapTest {
    ErrorAfter() : MishapTest({{"fly mishap", 0, 4}}) {}
};
TEST_F(ErrorAfter, MakesTheMachineAllTheSame) {
    EXPECT_EQ(send("POST", "", body("a").dump())->status, 500);
    EXPECT_EQ(cloud.machines().size(), 1U);
}

struct DeadlineAfter : MishapTest {
    DeadlineAfter() : MishapTest({{"fly mishap", 0, 5}}) {}
};
TEST_F(DeadlineAfter, MakesTheMachineAllTheSame) {
    EXPECT_EQ(send("POST", "", body("a").dump())->status, 408);
    EXPECT_EQ(cloud.machines().size(), 1U);
}

struct NoCapacity : MishapTest {
    NoCapacity() : MishapTest({{"fly capacity", 0, 3}}) {}
};
TEST_F(NoCapacity, SaysSoAndMakesNothing) {
    const auto refused = send("POST", "", body("a").dump());
    EXPECT_EQ(refused->status, 422);
    EXPECT_EQ(json::parse(refused->body)["status"], "insufficient_capacity");
    EXPECT_TRUE(cloud.machines().empty());
}

struct Lagging : MishapTest {
    Lagging() : MishapTest({{"fly lag", 0, 4}}) {}
};
TEST_F(Lagging, ShowsANewMachineOnlyAfterAWhile) {
    const std::string id = create("a");
    EXPECT_EQ(send("GET", "/" + id)->status, 404);
    EXPECT_EQ(json::parse(send("GET", "")->body).size(), 0U);
    EXPECT_EQ(send("GET", "/" + id + "/wait?state=started")->status, 404);
    pass(milliseconds(2000));
    EXPECT_EQ(send("GET", "/" + id)->status, 200);
}

struct LaunchFailure : MishapTest {
    LaunchFailure() : MishapTest({{"fly launch", 0, 1}}) {}
};
TEST_F(LaunchFailure, EndsInFailed) {
    const std::string id = create("a", false);
    pass(seconds(5));
    EXPECT_EQ(state(id), "failed");
    EXPECT_TRUE(host.on.empty());
}

TEST_F(FlyCloudTest, KnowsAMachineInPartWhileItsHostIsOutOfReach) {
    const std::string id = create("alpha");
    pass(seconds(12));
    cloud.lose_sight("alpha", seconds(60));
    const auto seen = json::parse(send("GET", "/" + id)->body);
    EXPECT_EQ(seen["host_status"], "unreachable");
    EXPECT_FALSE(seen.contains("config"));
    EXPECT_EQ(seen["incomplete_config"]["metadata"]["owner"], "alpha");
    EXPECT_FALSE(seen["incomplete_config"].contains("mounts"));
    EXPECT_EQ(send("POST", "/" + id + "/start")->status, 503);
    EXPECT_EQ(send("DELETE", "/" + id + "?force=true")->status, 503);
    pass(seconds(61));
    EXPECT_EQ(json::parse(send("GET", "/" + id)->body)["host_status"], "ok");
    EXPECT_EQ(send("DELETE", "/" + id + "?force=true")->status, 200);
}

}  // namespace
}  // namespace fakes
