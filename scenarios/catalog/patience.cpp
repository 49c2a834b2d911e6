#include <nlohmann/json.hpp>

#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"

// Things that take long, and end well because nobody gives them up before their time.
namespace scenarios {
namespace {

using lifecycle::MachineState;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

void set_reach(Stage stage, const char* provider, bool reachable) {
    sim::Network& network = stage.network();
    if (reachable) {
        network.unblock("server", provider);
        network.unblock(provider, "server");
    } else {
        network.block("server", provider);
        network.block(provider, "server");
    }
}

// A machine's host goes out of sight while the machine is being destroyed: it is looked for all the
// while, at a pace that befits a matter of hours, and is gone only when that can be seen.
Script destroyed_out_of_sight(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().options().destroy_delay = hours(6);
    co_await stage.retire(machine);
    co_await stage.sleep(seconds(20));
    stage.fly().lose_sight(machine, hours(6));
    co_await stage.sleep(minutes(5));
    const auto events = stage.shadow().events().size();
    auto looks = [stage]() mutable {
        const std::string said = stage.cluster().ask(
            "SELECT deliveries FROM outbox_event WHERE kind = 'machine:destroy'");
        return std::stoi(said.substr(said.find('\n') + 1));
    };
    const int before = looks();
    co_await stage.sleep(minutes(340));
    stage.expect(stage.machine(machine).state == MachineState::detached,
                 "what is known in part is not taken to be gone");
    stage.expect(looks() - before >= 20, "it is looked for all the while");
    stage.expect(looks() - before <= 100, "and not more often than makes sense");
    stage.expect(stage.shadow().events().size() == events, "and no row is added");
    const bool archived = co_await stage.until(machine, "archived", minutes(60));
    stage.expect(archived, "once it can be seen it is gone");
}

// The provider is out of reach for ten hours, in which one machine is to be destroyed and another,
// which is in service, to be started again.
Script provider_away_for_hours(Stage stage) {
    const std::string leaving = co_await stage.create("alpha");
    co_await stage.expect_active(leaving);
    const std::string staying = co_await stage.create("beta");
    co_await stage.expect_active(staying);
    stage.fly().options().start_delay = minutes(1);
    const auto restarted =
        co_await stage.call("POST", "/v1/machines/" + staying + "/restart", "{}");
    stage.expect(restarted && restarted->status == 202, "a restart is accepted");
    co_await stage.sleep(seconds(20));
    stage.fly().options().start_delay = seconds(0);
    co_await stage.retire(leaving);
    set_reach(stage, "fly", false);
    co_await stage.sleep(hours(10));
    stage.expect(stage.machine(staying).state == MachineState::active,
                 "no machine is given up because its provider cannot be asked");
    const auto health = co_await stage.call("GET", "/v1/health");
    stage.expect(health && health->status == 200, "the server is well without its provider");
    set_reach(stage, "fly", true);
    const bool archived = co_await stage.until(leaving, "archived", minutes(40));
    stage.expect(archived, "what is to be destroyed is destroyed when it can be");
    stage.expect(stage.count(staying) == 1, "and what is in service is as it was");
}

// A resource stays in the state `destroying` for forty minutes.
Script destroyed_slowly(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().options().destroy_delay = minutes(40);
    co_await stage.retire(machine);
    co_await stage.sleep(minutes(35));
    stage.expect(stage.machine(machine).state == MachineState::detached,
                 "a machine that is being destroyed is not archived yet");
    stage.fly().options().destroy_delay = seconds(0);
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "it is when its resource is gone");
}

// A machine that may take an hour is up soon and well only after fifty minutes and hundreds of
// probes.
Script probed_for_an_hour(Stage stage) {
    stage.boxes().options("alpha-1").warms_up = minutes(50);
    const std::string machine = co_await stage.create_slow("alpha", 3600);
    co_await stage.sleep(minutes(45));
    stage.expect(stage.machine(machine).state == MachineState::starting,
                 "its deadline gives a machine up, and not a number of probes");
    co_await stage.expect_active(machine);
}

// The same while the provider cannot make it: it is made when that is over.
Script made_in_the_end(Stage stage) {
    set_reach(stage, "fly", false);
    const std::string machine = co_await stage.create_slow("alpha", 3600);
    co_await stage.sleep(minutes(45));
    stage.expect(stage.machine(machine).state == MachineState::starting,
                 "its deadline gives a machine up, and not a number of attempts");
    set_reach(stage, "fly", true);
    co_await stage.expect_active(machine);
}

// What the API says under that name, as text; empty if it does not.
boost::asio::awaitable<std::string> said(Stage stage, std::string target, std::string name) {
    const auto answer = co_await stage.call("GET", std::move(target));
    if (!answer) co_return std::string();
    const json body = lifecycle::json_or_null(answer->body);
    const json found = body.value(json::json_pointer(name), json());
    co_return found.is_string() ? found.get<std::string>() : lifecycle::json_text(found);
}

// A provider is out of reach for a quarter of an hour, in which a machine is wanted there.
Script outage_said(Stage stage) {
    const std::string served = co_await stage.create("alpha");
    co_await stage.expect_active(served);
    const std::string health = "/v1/health";
    const std::string reach = "/providers/fly/in_reach";
    const std::string before = co_await said(stage, health, reach);
    stage.expect(before == "true", "a provider that answers is in reach");
    set_reach(stage, "fly", false);
    const std::string wanted = co_await stage.create("beta");
    co_await stage.sleep(minutes(15));
    const std::string meanwhile = co_await said(stage, health, reach);
    stage.expect(meanwhile == "false", "one that does not answer is out of reach");
    const std::string why = co_await said(stage, health, "/providers/fly/why");
    stage.expect(!why.empty(), "it is said why");
    const std::string other = co_await said(stage, health, "/providers/docker/in_reach");
    stage.expect(other == "true", "the others are in reach");
    const std::string waits = co_await said(stage, "/v1/machines/" + wanted, "/machine/waits_for");
    stage.expect(waits.starts_with("provider fly"), "the machine says what it waits for");
    const std::string serves = co_await said(stage, "/v1/machines/" + served, "/machine/waits_for");
    stage.expect(serves.empty(), "one that is in service waits for nothing");
    const std::int64_t measured = co_await stage.metric("provider_out_of_reach_seconds");
    stage.expect(measured > 600, "it is measured for how long");
    set_reach(stage, "fly", true);
    co_await stage.sleep(minutes(4));
    const std::string after = co_await said(stage, health, reach);
    stage.expect(after == "true", "it is in reach when it answers again");
    co_await stage.expect_active(wanted);
}

}  // namespace

std::vector<Scenario> patience() {
    return {
        {.name = "destroyed-out-of-sight",
         .sentence =
             "A machine that is being destroyed goes out of sight with its host, for hours.",
         .faults = {},
         .at_most = minutes(600),
         .play = destroyed_out_of_sight,
         .sometimes = {"detached->archived at the age of hours"}},
        {.name = "provider-away-for-hours",
         .sentence =
             "The provider is out of reach for ten hours: what was owed then is done afterwards.",
         .faults = {},
         .at_most = hours(13),
         .play = provider_away_for_hours,
         .sometimes = {"outbox.retry machine:start", "outbox.retry machine:destroy",
                       "detached->archived at the age of hours"}},
        {.name = "outage-said",
         .sentence =
             "A provider is out of reach, which the health route and what waits for it say.",
         .faults = {},
         .at_most = minutes(60),
         .play = outage_said,
         .sometimes = {"net.lost server", "net.failed server timed_out",
                       "starting->active at the age of tens of minutes"}},
        {.name = "destroyed-slowly",
         .sentence = "A resource takes forty minutes to be destroyed.",
         .faults = {},
         .at_most = minutes(120),
         .play = destroyed_slowly,
         .sometimes = {"order machine.state active->detached < outbox.claimed project:route-end",
                       "detached->archived at the age of tens of minutes"}},
        {.name = "probed-for-an-hour",
         .sentence = "A machine that may take an hour fails its probes for fifty minutes.",
         .faults = {},
         .at_most = minutes(100),
         .play = probed_for_an_hour,
         .sometimes = {"net.answer box 503", "starting->active at the age of tens of minutes"}},
        {.name = "made-in-the-end",
         .sentence = "A machine that may take an hour cannot be made for three quarters of it.",
         .faults = {},
         .at_most = minutes(100),
         .play = made_in_the_end,
         .sometimes = {"net.lost server", "starting->active at the age of tens of minutes"}},
    };
}

}  // namespace scenarios
