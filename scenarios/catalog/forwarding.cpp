#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/asking.hpp"
#include "scenarios/client/requests.hpp"
#include "sim/net/network.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// What machines answer to those whose requests are passed on to them, and what is said of machines
// that do not answer.
namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using lifecycle::MachineState;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What a browser or a program gets of a machine, and what the machine gets of it.
Script pass_on(Stage stage) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        HttpRequest asked = request_to(Entrance::clients, method,
                                       "/v1/projects/alpha/proxy/a/b?from=client", "hello");
        for (const char* name : {"Connection", "Expect", "Keep-Alive", "TE"}) {
            asked.headers[name] = "anything";
        }
        json told = co_await expect_status(stage, std::move(asked), 200);
        stage.expect(told["machine"] == "alpha-1" && told["method"] == method &&
                         told["path"] == "/a/b" && told["bytes"] == 5 &&
                         told.value("authorization", "?").empty(),
                     "a request is passed on as it is, without the token");
    }
    for (const char* rest : {"", "/", "?from=client"}) {
        json told = co_await get(stage, std::string("/v1/projects/alpha/proxy") + rest);
        stage.expect(told["path"] == "/", "without a path it is the root's");
    }
    const auto page = co_await stage.call("GET", "/v1/projects/alpha/proxy/page");
    stage.expect(page && page->status == 200, "a page is passed on");
    if (page) {
        for (const char* name : {"Service-Worker-Allowed", "Access-Control-Allow-Origin",
                                 "Access-Control-Allow-Credentials", "Strict-Transport-Security"}) {
            stage.expect(header(*page, name).empty(), "a page says nothing of all of us");
        }
        stage.expect(header(*page, "Content-Security-Policy") ==
                         "default-src 'self', sandbox allow-scripts allow-forms",
                     "and is confined");
        stage.expect(header(*page, "X-Vivarium-Machine") == "alpha-1", "and says whose it is");
    }
    const auto plain = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(
        plain && header(*plain, "Content-Security-Policy") == "sandbox allow-scripts allow-forms",
        "what has no policy of its own gets one");
    // What the machine answers, and what is answered.
    const std::vector<std::pair<int, int>> statuses = {
        {200, 200}, {204, 204}, {301, 301}, {401, 401}, {404, 404}, {499, 499},
        {500, 502}, {503, 502}, {599, 502}, {101, 502}, {199, 502}};
    for (const auto& [answered, status] : statuses) {
        const auto answer = co_await stage.call(
            "GET", fmt::format("/v1/projects/alpha/proxy/answers/{}", answered));
        stage.expect(answer && answer->status == status,
                     fmt::format("a machine's {} is passed on as {}", answered, status));
        const bool said = !answer || status != 502 ||
                          (answer->body.contains("machine_error") &&
                           answer->body.contains(fmt::format("{}", answered)));
        stage.expect(said, "a failure of a machine is told as its own");
    }
    json agents = co_await get(stage, "/v1/machines/alpha-1/agents");
    stage.expect(agents["machine"] == "alpha-1" && agents["agents"].is_array(),
                 "a machine's agents are listed");
}

// That a request to the project's machine is answered so, and says so.
Script expect_unavailable(Stage stage, std::string project, std::vector<std::string> says) {
    HttpRequest asked =
        request_to(Entrance::clients, "GET", fmt::format("/v1/projects/{}/proxy/hello", project));
    const Ask ask{std::move(asked), 503, std::move(says)};
    std::vector<Ask> refused = {ask};
    co_await expect_answers(stage, std::move(refused));
}

// Why a machine does not answer, as far as its provider says so in time; what it said is news for
// three seconds.
Script ask_in_vain(Stage stage) {
    stage.boxes().pause("omega-1");
    stage.network().delay("server", "fly", seconds(4));
    const std::vector<std::string> unknown = {"omega-1", "its daemon gave no answer",
                                              "nor did its provider in time"};
    co_await expect_unavailable(stage, "omega", unknown);
    stage.network().heal();
    co_await stage.sleep(seconds(8));
    const std::vector<std::string> silent = {"its daemon gave no answer"};
    co_await expect_unavailable(stage, "omega", silent);
    stage.boxes().resume("omega-1");
    stage.fly().stop_by_itself("omega-1");
    co_await stage.sleep(seconds(4));
    const std::vector<std::string> stopped = {"its provider says that it is stop"};
    co_await expect_unavailable(stage, "omega", stopped);
    co_await stage.sleep(seconds(4));
    stage.network().delay("server", "fly", milliseconds(1000));
    co_await expect_unavailable(stage, "omega", stopped);
    co_await stage.sleep(seconds(4));
    stage.network().heal();
    stage.fly().lose("omega-1");
    co_await stage.sleep(seconds(4));
    const std::vector<std::string> lost = {"its provider no longer has it"};
    co_await expect_unavailable(stage, "omega", lost);
}

// Where a machine is, its provider says, who may take a few seconds for that.
Script ask_for_the_way(Stage stage) {
    stage.network().delay("server", "daytona", seconds(3));
    json late = co_await get(stage, "/v1/projects/delta/proxy/hello");
    stage.expect(late["machine"] == "delta-1", "the way is waited for");
    stage.network().heal();
    stage.network().block("server", "daytona");
    const std::vector<std::string> unknown = {"delta-1", "does not say in time where it is"};
    co_await expect_unavailable(stage, "delta", unknown);
    stage.network().heal();
}

// One provider is out of reach: that is said of it, and of the machines that wait for it.
Script ask_of_one_out_of_reach(Stage stage) {
    const std::string made = co_await stage.create("gamma", "docker");
    co_await stage.expect_active(made);
    const std::string next = co_await stage.create("gamma", "docker");
    co_await stage.expect_active(next);
    const std::string over = co_await stage.create("theta", "docker");
    co_await stage.expect_active(over);
    co_await stage.archive("theta");
    const bool archived = co_await stage.until(over, "archived", minutes(30));
    stage.expect(archived, "a machine is archived");
    const std::string left = co_await stage.create("sigma", "docker");
    co_await stage.expect_active(left);
    stage.network().block("server", "docker");
    co_await stage.retire(left);
    const std::string begun = co_await stage.create("omicron", "docker");
    stage.fly().options().start_delay = minutes(10);
    const std::string elsewhere = co_await stage.create("elsewhere");
    co_await stage.sleep(minutes(3));
    stage.expect(stage.machine(left).state == MachineState::detached &&
                     stage.machine(begun).state == MachineState::starting &&
                     stage.machine(next).state == MachineState::active,
                 "there are machines of each state");
    const std::vector<std::string> machines = {next, left, begun, over, elsewhere, "alpha-1"};
    for (const std::string& machine : machines) {
        json told = co_await get(stage, "/v1/machines/" + machine);
        const std::string waits = told["machine"].value("waits_for", "-");
        const bool does = machine == left || machine == begun;
        stage.expect(does ? waits.contains("provider docker") : waits.empty(),
                     fmt::format("what {} waits for is \"{}\"", machine, waits));
    }
    HttpRequest agents = request_to(Entrance::clients, "GET", "/v1/machines/omicron-1/agents");
    const Ask early{std::move(agents), 503, {"omicron-1", "has no resource"}};
    std::vector<Ask> refused = {early};
    co_await expect_answers(stage, std::move(refused));
    json told = co_await get(stage, "/v1/health");
    json docker = told["providers"]["docker"];
    stage.expect(docker["in_reach"] == false && !docker.value("why", "").empty() &&
                     docker.value("since_ms", std::int64_t{0}) >
                         docker.value("answered_at_ms", std::int64_t{0}) - 1'000,
                 "a provider that does not answer is out of reach, and why is told");
    stage.expect(told["providers"]["fly"]["in_reach"] == true, "and the others are not");
    stage.fly().options().start_delay = seconds(0);
    stage.network().heal();
}

Script passed_on(Stage stage) {
    for (const char* project : {"alpha", "omega"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    const std::string delta = co_await stage.create("delta", "daytona");
    co_await stage.expect_active(delta);
    co_await pass_on(stage);
    co_await ask_for_the_way(stage);
    co_await ask_in_vain(stage);
    co_await ask_of_one_out_of_reach(stage);
}

}  // namespace

std::vector<Scenario> forwarding() {
    return {
        {.name = "passed-on",
         .sentence = "Requests are passed on to machines, confined and without secrets; of one "
                     "that does not answer it is said why.",
         .faults = {},
         .at_most = minutes(180),
         .play = passed_on,
         .sometimes = {"net.answer server 502", "machine.unavailable"}},
    };
}

}  // namespace scenarios
