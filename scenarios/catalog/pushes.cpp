#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/asking.hpp"
#include "scenarios/client/requests.hpp"
#include "system/model/json.hpp"
#include "system/ports/http.hpp"

// What pushes bring about where several projects are bound to a repository.
namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// A repository that two projects are bound to: one rolls, the other has to wait, or takes none.
Script push_to_many(Stage stage) {
    const DescribedRoute& github = described_route("PUT", "/v1/projects/{project}/github");
    const auto pushed = [](const std::string& commit, int at) {
        return delivery_of(
            fmt::format(R"({{"ref": "refs/heads/main", "after": "{}", "deleted": false,)"
                        R"( "repository": {{"full_name": "acme/app", "pushed_at": {}}}}})",
                        commit, at));
    };
    const std::string omega = co_await stage.create("omega");
    co_await stage.expect_active(omega);
    json bound = co_await expect_status(stage, request_of(github, "omega"), 200);
    stage.expect(bound["repository"] == "acme/app" && bound["branch"] == "main",
                 "the branch is main unless another is named");
    co_await stage.sleep(minutes(2));  // until nothing else is due
    json alone_there = co_await expect_status(stage, pushed("first", 1'600'000'000), 202);
    stage.expect(alone_there["machines"].size() == 1, "one is rolled");
    std::function<bool()> rolled_soon = [stage] { return stage.exists("omega-2"); };
    const bool at_once = co_await soon(stage, std::move(rolled_soon));
    stage.expect(at_once, "a push rolls at once");
    co_await stage.expect_active("omega-2");
    stage.fly().options().start_delay = minutes(10);
    const std::string edges = co_await stage.create("edges");
    stage.fly().options().start_delay = seconds(0);
    for (const Field& field : github.fields) {
        for (const std::string& good : field.good) {
            HttpRequest asked = request_of(github, "omega");
            asked.body = body_with(github, field.name, good);
            json told = co_await expect_status(stage, std::move(asked), 200);
            stage.expect(told[field.name] == lifecycle::json_or_null(good), "a binding is told");
        }
    }
    for (const char* project : {"omega", "edges"}) {
        json told = co_await expect_status(stage, request_of(github, project), 200);
        stage.expect(told["branch"] == "main", "the branch is main unless another is named");
    }
    const std::string longest(100, 'c');
    HttpRequest first = pushed(longest, 1'700'000'000);
    first.headers["X-GitHub-Delivery"] = std::string(100, 'd');
    for (int times = 0; times < 2; ++times) {
        json rolled = co_await expect_status(stage, first, 202);
        stage.expect(rolled["machines"].size() == 2 && rolled["refused"].empty(),
                     "both are rolled");
        stage.expect(rolled["queued"] == json::array({"edges"}), "and one has to wait");
    }
    json late = co_await expect_status(stage, pushed("older", 1'650'000'000), 202);
    stage.expect(late["machines"].empty(), "an older push changes nothing");
    const std::string no_time = R"({"ref": "refs/heads/main", "after": "untimed",)"
                                R"( "repository": {"full_name": "acme/app"}})";
    json untimed = co_await expect_status(stage, delivery_of(no_time), 202);
    stage.expect(untimed["machines"].size() == 2, "a push without a time is not known to be old");
    // What waited is given up, and the same push cannot have it again.
    co_await stage.archive("edges");
    const std::string back = co_await stage.create("edges", "docker");
    json again = co_await expect_status(stage, request_of(github, "edges"), 200);
    static_cast<void>(again);
    json half = co_await expect_status(stage, first, 202);
    stage.expect(half["machines"].size() == 1 && half["refused"].size() == 1 &&
                     half["refused"][0]["project"] == "edges" &&
                     !half["refused"][0].value("message", "").empty(),
                 "who takes none is told, and holds up nobody");
    co_await stage.archive("omega");
    const Ask alone{first, 409, {"given up"}};
    std::vector<Ask> refused = {alone};
    co_await expect_answers(stage, std::move(refused));
    stage.expect(edges == "edges-1" && back == "edges-2", "each has its machine");
}

}  // namespace

std::vector<Scenario> pushes() {
    return {
        {.name = "push-to-many",
         .sentence = "Two projects are bound to a repository: a push rolls one, waits in the "
                     "other, and is told of who takes it not.",
         .faults = {},
         .at_most = minutes(120),
         .play = push_to_many,
         .sometimes = {"machine.queued", "net.answer server 409"}},
    };
}

}  // namespace scenarios
