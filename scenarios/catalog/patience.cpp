#include "scenarios/catalog/catalog.hpp"
#include "sim/network.hpp"

// Things that take long, and end well because nobody gives them up before their time.
namespace scenarios {
namespace {

using lifecycle::MachineState;
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
    stage.expect(stage.shadow().machine(staying)->state == MachineState::active,
                 "no machine is given up because its provider cannot be asked");
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
    stage.expect(stage.shadow().machine(machine)->state == MachineState::detached,
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
    stage.expect(stage.shadow().machine(machine)->state == MachineState::starting,
                 "its deadline gives a machine up, and not a number of probes");
    co_await stage.expect_active(machine);
}

// The same while the provider cannot make it: it is made when that is over.
Script made_in_the_end(Stage stage) {
    set_reach(stage, "fly", false);
    const std::string machine = co_await stage.create_slow("alpha", 3600);
    co_await stage.sleep(minutes(45));
    stage.expect(stage.shadow().machine(machine)->state == MachineState::starting,
                 "its deadline gives a machine up, and not a number of attempts");
    set_reach(stage, "fly", true);
    co_await stage.expect_active(machine);
}

}  // namespace

std::vector<Scenario> patience() {
    return {
        {"provider-away-for-hours",
         "The provider is out of reach for ten hours: what was owed then is done afterwards.",
         {},
         false,
         hours(13),
         provider_away_for_hours},
        {"destroyed-slowly",
         "A resource takes forty minutes to be destroyed.",
         {},
         false,
         minutes(120),
         destroyed_slowly},
        {"probed-for-an-hour",
         "A machine that may take an hour fails its probes for fifty minutes.",
         {},
         false,
         minutes(100),
         probed_for_an_hour},
        {"made-in-the-end",
         "A machine that may take an hour cannot be made for three quarters of it.",
         {},
         false,
         minutes(100),
         made_in_the_end},
    };
}

}  // namespace scenarios
