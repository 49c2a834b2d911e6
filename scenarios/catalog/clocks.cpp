#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/machine.hpp"

// The clock of the control plane's host is set while something takes its time: that takes as long
// as ever.
namespace scenarios {
namespace {

using lifecycle::MachineState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Back by an hour, while a machine starts: nothing waits for that hour.
Script clock_set_back(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(2));
    stage.cluster().server().jump_clock(hours(-1));
    const bool active = co_await stage.until(machine, "active", minutes(5));
    stage.expect(active, "a machine becomes active in its usual time");
}

// Forward by more than a machine may take to become active.
Script clock_set_forward(Stage stage) {
    stage.network().block("box", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(minutes(1));
    stage.cluster().server().jump_clock(minutes(25));
    co_await stage.sleep(minutes(3));
    stage.expect(stage.machine(machine).state == MachineState::starting,
                 "a machine has as long as it had to become active");
    stage.network().unblock("box", "server");
    co_await stage.expect_active(machine);
}

// Forward by more than the time for which a replaced machine is kept.
Script clock_set_while_kept(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const std::string second = co_await stage.create("alpha");
    co_await stage.expect_active(second);
    co_await stage.sleep(minutes(2));
    stage.cluster().server().jump_clock(minutes(40));
    co_await stage.sleep(minutes(8));
    stage.expect(stage.exists(first), "a machine that was replaced is kept as long as ever");
    const bool archived = co_await stage.until(first, "archived", minutes(40));
    stage.expect(archived, "and no longer");
}

// Forward by a minute, while one of two control planes waits for a provider's answer: the other
// does not take its work for abandoned.
Script clock_set_while_leased(Stage stage) {
    stage.network().delay("fly", "server", seconds(20));
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(5));
    stage.cluster().server(0).jump_clock(minutes(1));
    // Each of them has a reason to look for work.
    for (const char* project : {"beta", "gamma", "delta", "epsilon"}) {
        const std::string other = co_await stage.create(project);
        stage.expect(!other.empty(), "a machine is asked for");
    }
    const std::string epoch = stage.cluster().ask(
        "SELECT lease_epoch FROM outbox_event WHERE kind = 'machine:provision'"
        " AND machine = 'alpha-1'");
    stage.expect(epoch == "lease_epoch\n1\n", "nobody has taken it over");
    stage.network().delay("fly", "server", seconds(0));
    co_await stage.expect_active(machine);
}

// Back by an hour, while the host is down and something is to be tried again soon.
Script clock_set_while_down(Stage stage) {
    stage.network().block("fly", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(minutes(1));
    sim::Process& server = stage.cluster().server();
    server.stop("maintenance");
    server.jump_clock(hours(-1));
    server.boot();
    stage.network().unblock("fly", "server");
    const bool active = co_await stage.until(machine, "active", minutes(10));
    stage.expect(active, "a machine becomes active in its usual time");
}

}  // namespace

std::vector<Scenario> clocks() {
    return {
        {.name = "clock-set-back",
         .sentence = "The control plane's clock is set back by an hour while a machine starts.",
         .faults = {},
         .at_most = minutes(30),
         .play = clock_set_back,
         .sometimes = {"clock.jump while a machine is starting"}},
        {.name = "clock-set-forward",
         .sentence =
             "The control plane's clock is set forward by more than a machine may take to start.",
         .faults = {},
         .at_most = minutes(60),
         .play = clock_set_forward,
         .sometimes = {"clock.jump while a machine is starting",
                       "starting->active at the age of minutes"}},
        {.name = "clock-set-while-kept",
         .sentence = "The control plane's clock is set forward while a replaced machine is kept.",
         .faults = {},
         .at_most = minutes(120),
         .play = clock_set_while_kept,
         .sometimes = {"clock.jump while a machine is detached"}},
        {.name = "clock-set-while-leased",
         .sentence = "The clock of two control planes is set forward while one waits for a "
                     "provider's answer.",
         .faults = {},
         .at_most = minutes(60),
         .play = clock_set_while_leased,
         .sometimes = {"clock.jump while machine:provision is in hand"},
         .cluster = {.servers = 2}},
        {.name = "clock-set-while-down",
         .sentence = "The clock of the control plane's host is set back while that is down.",
         .faults = {},
         .at_most = minutes(60),
         .play = clock_set_while_down,
         .sometimes = {"clock.jump while it is down", "clock.set"}},
    };
}

}  // namespace scenarios
