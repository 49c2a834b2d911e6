#include "scenarios/catalog/parts.hpp"
#include "sim/world/time.hpp"
#include "system/model/delegation.hpp"
#include "system/model/machine.hpp"

// Who is alive, what is done with those that are not, and what depends on it: nobody is replaced
// because a clock, a network or the control plane itself was away.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A kind of machine that takes half an hour to boot, and is healthy.
Script slow_healthy_boot(Stage stage) {
    stage.network().block("box", "server");
    const std::string machine = co_await stage.create_slow("alpha", 3600);
    co_await stage.sleep(minutes(31));
    const auto* row = stage.shadow().machine(machine);
    stage.expect(row->state == lifecycle::MachineState::starting,
                 "a machine that may take an hour is not given up after half of it");
    stage.network().unblock("box", "server");
    co_await stage.expect_active(machine);
}

// The control plane is down for longer than any box may be silent, and is back before the boxes
// reach it. Nobody is to blame.
Script control_plane_down(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.cluster().server().stop("maintenance");
    co_await stage.sleep(minutes(25));
    stage.network().block("box", "server");
    stage.cluster().server().boot();
    co_await stage.sleep(minutes(4));
    stage.network().unblock("box", "server");
    co_await stage.sleep(minutes(10));
    stage.expect(stage.shadow().machines().size() == 1, "no machine was recreated");
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || *online, "and it is online again");
}

// The control plane stands still for longer than any box may be silent.
Script control_plane_outage(Stage stage) {
    for (const char* project : {"alpha", "beta"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    stage.cluster().server().pause();
    co_await stage.sleep(minutes(25));
    stage.cluster().server().resume();
    co_await stage.sleep(minutes(20));
    stage.expect(stage.shadow().machines().size() == 2, "no machine was recreated");
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || *online, "and they are online again");
}

// The clock of the control plane is set by half an hour between two reports of a box.
Script clock_set_while_watched(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    for (int i = 0; i < 4; ++i) {
        stage.cluster().server().jump_clock(minutes(30));
        co_await stage.sleep(minutes(5));
    }
    stage.expect(stage.shadow().machines().size() == 1, "no machine was recreated");
}

// The boxes cannot reach the control plane, all of them: it waits.
Script fleet_silent(Stage stage) {
    for (const char* project : {"alpha", "beta", "gamma", "delta"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    stage.network().block("box", "server");
    co_await stage.sleep(minutes(8));
    const auto online = co_await stage.online("alpha");
    stage.expect(!online || !*online, "nobody is said to be online");
    co_await stage.sleep(minutes(22));
    stage.expect(stage.shadow().machines().size() == 4, "nobody is recreated when all are silent");
    const std::int64_t trips = co_await stage.metric("watchdog_breaker_total");
    stage.expect(trips != 0, "and the breaker is seen by the operator");
    stage.network().unblock("box", "server");
    co_await stage.sleep(minutes(5));
}

// Every successor is as silent as the one before: a person has to look.
Script silent_for_ever(Stage stage) {
    for (const char* machine : {"alpha-1", "alpha-2", "alpha-3", "alpha-4", "alpha-5"}) {
        stage.boxes().options(machine).mute_after = minutes(3);
    }
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    co_await stage.sleep(minutes(100));
    stage.expect(stage.shadow().machines().size() == 4, "three successors are enough");
    const std::string error = co_await stage.last_error("alpha");
    stage.expect(error.find("recreate it yourself") != std::string::npos,
                 "the project says what to do");
    stage.boxes().options("alpha-5").mute_after = seconds(0);
    const auto by_hand = co_await stage.recreate("alpha");
    co_await stage.expect_active(by_hand.machine);
}

// The agent takes the work and does not do it; its successor does.
Script delegation_redelivered(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.boxes().options(first).hung = true;
    const std::string work = co_await stage.delegate("alpha", 7200);
    const bool delivered =
        co_await stage.until_delegation(work, lifecycle::DelegationState::delivered, minutes(5));
    stage.expect(delivered, "the work is delivered");
    co_await stage.sleep(minutes(10));
    stage.expect(
        stage.shadow().delegations().at(work).state == lifecycle::DelegationState::delivered,
        "and delivered is not processed");
    const auto second = co_await stage.recreate("alpha", first);
    co_await stage.expect_active(second.machine);
    const bool processed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::processed, minutes(15));
    stage.expect(processed, "the next machine's agent does it");
}

// Nobody ever does the work: that is said, and in time.
Script delegation_times_out(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.boxes().options(machine).hung = true;
    const std::string work = co_await stage.delegate("alpha", 600);
    co_await stage.sleep(minutes(20));
    const auto& delegation = stage.shadow().delegations().at(work);
    stage.expect(
        !delegation.ended() || delegation.result.find("not processed in time") != std::string::npos,
        "work that nobody does fails, and says why");
}

// The agent has done the work, and can say so only when its time is up: it has failed, and stays
// so.
Script work_done_too_late(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.boxes().options(machine).mute = true;
    const std::string work = co_await stage.delegate("alpha", 120);
    const bool failed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::failed, minutes(3));
    stage.expect(failed, "work of which nobody says anything fails");
    stage.boxes().options(machine).mute = false;
    co_await stage.sleep(minutes(2));
    stage.expect(stage.shadow().delegations().at(work).state == lifecycle::DelegationState::failed,
                 "and has failed for good");
}

// What a box says does not arrive for as long as may be, and then does while its provider is asked
// whether it runs.
Script heard_while_looked_for(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    stage.boxes().options(machine).chatty = seconds(5);
    co_await stage.expect_active(machine);
    const sim::Duration every = kWatchEvery;
    co_await stage.sleep(2 * every - seconds(15) - stage.cluster().world().now() % every);
    stage.network().hold("box", "server");
    // The provider is asked four looks after the first that hears nothing new.
    co_await stage.sleep(seconds(15) + 4 * every - seconds(10));
    stage.network().hold("fly", "server");
    co_await stage.sleep(seconds(16));
    stage.network().release("box", "server");
    co_await stage.sleep(seconds(10));
    stage.network().release("fly", "server");
    co_await stage.sleep(minutes(5));
    stage.expect(stage.shadow().machines().size() == 1, "whoever was heard is not replaced");
}

// What is to be written for the first activation is read before, and written when its writer has
// long given it up and the second machine's record is there.
Script route_delayed(Stage stage) {
    stage.network().delay("server", "consul", seconds(9));
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.network().delay("server", "consul", minutes(2));  // its record's place is being read
    co_await stage.sleep(seconds(10));
    stage.network().delay("server", "consul", seconds(0));  // and its record is on its way
    const std::string second = co_await stage.create("alpha");
    co_await stage.expect_active(second);
    co_await stage.sleep(minutes(5));
}

}  // namespace

std::vector<Scenario> liveness() {
    return {
        {.name = "slow-healthy-boot",
         .sentence = "A machine that may take an hour boots for half of it.",
         .faults = {},
         .at_most = minutes(80),
         .play = slow_healthy_boot,
         .sometimes = {"starting->active at the age of tens of minutes"}},
        {.name = "control-plane-outage",
         .sentence = "The control plane is away for longer than any box may be silent.",
         .faults = {},
         .at_most = minutes(120),
         .play = control_plane_outage,
         .sometimes = {"process.resume server", "net.failed box timed_out"}},
        {.name = "control-plane-down",
         .sentence =
             "The control plane is down for longer than any box may be silent, and boxes reach it "
             "late.",
         .faults = {},
         .at_most = minutes(90),
         .play = control_plane_down,
         .sometimes = {"process.crash server: maintenance", "net.failed box timed_out"}},
        {.name = "clock-set-while-watched",
         .sentence = "The clock of the control plane is set while it watches a machine.",
         .faults = {},
         .at_most = minutes(60),
         .play = clock_set_while_watched,
         .sometimes = {"clock.jump while a machine is active", "clock.set"}},
        {.name = "fleet-silent",
         .sentence = "All boxes are silent at once, which cannot be their fault.",
         .faults = {},
         .at_most = minutes(150),
         .play = fleet_silent,
         .sometimes = {"watchdog.breaker"}},
        {.name = "silent-for-ever",
         .sentence = "Every successor of a silent machine is silent too.",
         .faults = {},
         .at_most = minutes(150),
         .play = silent_for_ever,
         .sometimes = {"project.error silence: machine # is silent, and so were the # before it: "
                       "look at its "
                       "log, and recreate it yourself"}},
        {.name = "delegation-times-out",
         .sentence = "Nobody ever does the work.",
         .faults = {},
         .at_most = minutes(60),
         .play = delegation_times_out,
         .sometimes = {"delegation.delivered", "delegation.ended failed"}},
        {.name = "work-done-too-late",
         .sentence = "The agent says that its work is done when that has failed: it has failed.",
         .faults = {},
         .at_most = minutes(60),
         .play = work_done_too_late,
         .sometimes = {"delegation.ended failed", "net.answer server 409"}},
        {.name = "heard-while-looked-for",
         .sentence = "A box that was silent is heard while its provider is asked about it: it is "
                     "not replaced.",
         .faults = {},
         .at_most = minutes(60),
         .play = heard_while_looked_for,
         .sometimes = {"net.failed box timed_out", "net.hold fly->server world",
                       "net.release box->server world"}},
        {.name = "delegation-redelivered",
         .sentence = "An agent takes work and never does it; its successor does.",
         .faults = {},
         .at_most = minutes(90),
         .play = delegation_redelivered,
         .sometimes = {"order delegation.delivered < machine.recreated",
                       "delegation.ended processed"}},
        {.name = "route-delayed",
         .sentence = "A route's record is written late, when the next machine's is there.",
         .faults = {},
         .at_most = minutes(90),
         .play = route_delayed,
         .sometimes = {"route.conflict"}},
    };
}

}  // namespace scenarios
