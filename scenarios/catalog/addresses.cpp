#include <nlohmann/json.hpp>

#include "fakes/cloud.hpp"
#include "fakes/docker/engine.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"

// Containers that stop, start and change places: an address is one's own only while one runs.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// The address at which the cloud has that machine; empty: it does not run.
std::string where(Stage stage, const std::string& machine) {
    for (const fakes::CloudMachine& there : stage.cluster().inventory()) {
        if (there.name == machine) return there.authority;
    }
    return {};
}

// Where the route table says that the project's machine is; empty: nowhere.
std::string route_of(Stage stage, const std::string& project) {
    for (const auto& [key, record] : stage.cluster().consul().entries()) {
        if (!key.ends_with("/" + project)) continue;
        return lifecycle::json_or_null(record.value).value("address", "");
    }
    return {};
}

// Clients of both projects ask for their machines all the while.
Script keep_asking(Stage stage, sim::Duration duration) {
    const int rounds = static_cast<int>(duration / seconds(15));
    for (int i = 0; i < rounds; ++i) {
        for (const char* project : {"alpha", "beta"}) {
            const auto answer =
                co_await stage.call("GET", "/v1/projects/" + std::string(project) + "/proxy/hello");
            stage.expect(!answer || answer->status == 200 || answer->status == 503,
                         "a machine answers, or is said to be unavailable");
        }
        co_await stage.sleep(seconds(15));
    }
}

Script expect_served(Stage stage, std::string project, std::string machine) {
    stage.expect(!where(stage, machine).empty(), "the machine runs");
    const auto answer = co_await stage.call("GET", "/v1/projects/" + project + "/proxy/hello");
    stage.expect(answer && answer->status == 200, "and answers through the proxy");
}

// One stops, another that is restarted gets its address, and the first, started again, gets a third
// one's; then the engine starts one again by itself; then its whole host starts anew.
Script addresses_change(Stage stage) {
    const std::string alpha = co_await stage.create("alpha", "docker");
    co_await stage.expect_active(alpha);
    const std::string beta = co_await stage.create("beta", "docker");
    co_await stage.expect_active(beta);
    co_await stage.sleep(minutes(1));
    const std::string first = where(stage, alpha);
    fakes::DockerEngine& engine = stage.cluster().docker();
    engine.stop_by_itself(alpha);
    const int restarted = co_await stage.restart(beta, "swap");
    stage.expect(restarted == 202, "a restart is accepted");
    co_await stage.sleep(seconds(30));
    stage.expect(where(stage, beta) == first, "another container has the address of the first");
    co_await keep_asking(stage, minutes(9));
    co_await expect_served(stage, "alpha", alpha);
    co_await expect_served(stage, "beta", beta);
    engine.restart_by_itself(alpha);
    co_await keep_asking(stage, minutes(1));
    co_await expect_served(stage, "alpha", alpha);
    engine.reboot();
    co_await stage.sleep(minutes(7));
    co_await keep_asking(stage, minutes(6));
    co_await expect_served(stage, "alpha", alpha);
    co_await expect_served(stage, "beta", beta);
}

// The engine cannot start a container for hours: its route leads nowhere meanwhile, and whoever
// tries again does so in one row.
Script cannot_be_started(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "docker");
    co_await stage.expect_active(machine);
    co_await stage.sleep(minutes(1));
    fakes::DockerEngine& engine = stage.cluster().docker();
    engine.options().refuse_starts = true;
    engine.stop_by_itself(machine);
    co_await stage.sleep(minutes(120));
    int starts = 0;
    for (const auto& [id, event] : stage.shadow().events()) {
        starts += event.kind == "machine:start" ? 1 : 0;
    }
    stage.expect(starts == 1, "one event has it started, however long that takes");
    stage.expect(route_of(stage, "alpha").empty(), "and nothing leads to where it was");
    engine.options().refuse_starts = false;
    co_await stage.sleep(minutes(3));
    co_await expect_served(stage, "alpha", machine);
}

// An engine takes every request and answers none, while sixty of its machines have booted anew and
// may be elsewhere: a machine of another provider is routed to at once.
Script engine_hangs(Stage stage) {
    constexpr int kMachines = 60;
    for (int number = 0; number < kMachines; ++number) {
        std::string project = "waiting-" + std::to_string(number);
        std::string machine = co_await stage.create(std::move(project), "docker");
        co_await stage.expect_active(std::move(machine));
    }
    stage.network().block("docker", "server");
    for (int number = 0; number < kMachines; ++number) {
        const bool crashed = stage.boxes().crash("waiting-" + std::to_string(number) + "-1");
        stage.expect(crashed, "a machine's program starts anew");
    }
    co_await stage.sleep(seconds(20));
    const std::string quick = co_await stage.create("beta");
    co_await stage.expect_active(quick);
    const sim::VirtualTime begun = stage.cluster().world().now();
    const std::string another = co_await stage.create("gamma");
    while (route_of(stage, "beta").empty()) co_await stage.sleep(seconds(1));
    stage.expect(stage.cluster().world().now() - begun < seconds(20),
                 "a route does not wait for those of another provider");
    co_await stage.expect_active(another);
    stage.network().unblock("docker", "server");
}

}  // namespace

std::vector<Scenario> addresses() {
    return {
        {.name = "addresses-change",
         .sentence =
             "Containers stop, restart and get each other's addresses: routes follow, and each "
             "project is answered by its own.",
         .faults = {},
         .at_most = minutes(90),
         .play = addresses_change,
         .sometimes = {"order outbox.claimed machine:start < machine.address",
                       "machine.unavailable: its provider says that it is stopped",
                       "outbox.retry project:route: found no way: busy: the container is stopped"}},
        {.name = "cannot-be-started",
         .sentence =
             "A container that has stopped cannot be started for hours: that is one event, and no "
             "route.",
         .faults = {},
         .at_most = minutes(180),
         .play = cannot_be_started,
         .sometimes = {"outbox.retry machine:start",
                       "outbox.retry project:route: found no way: busy: the container is stopped"}},
        {.name = "engine-hangs",
         .sentence =
             "An engine answers nothing while it owes many routes: another provider's are written.",
         .faults = {},
         .at_most = minutes(60),
         .play = engine_hangs,
         .sometimes = {"outbox.retry project:route"}},
    };
}

}  // namespace scenarios
