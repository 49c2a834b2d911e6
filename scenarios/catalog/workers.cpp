#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/delegation.hpp"

// Who does the work: several control planes, leases that run out, many events at once.
namespace scenarios {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One control plane takes the work and is paused past its lease; the other goes on; then the first
// wakes up in the middle of what is done already.
Script paused_replica(Stage stage) {
    stage.network().delay("fly", "server", seconds(20));
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(5));
    sim::Process& first = stage.cluster().server(0);
    sim::Process& second = stage.cluster().server(1);
    // Whoever has the event in hand.
    const std::string owner = stage.cluster().ask(
        "SELECT lease_owner FROM outbox_event WHERE kind = 'machine:provision'");
    sim::Process& holder = owner.find("server-2") != std::string::npos ? second : first;
    holder.pause();
    stage.network().delay("fly", "server", seconds(0));
    co_await stage.sleep(minutes(2));
    holder.resume();
    co_await stage.expect_active(machine);
    stage.expect(stage.count(machine) == 1, "the provider has one of its name");
    stage.expect(stage.shadow().readiness_events(machine) == 1, "readiness was enqueued once");
}

// Whose lease a route's event is under: a number of a server, or -1.
int holder_of_route(Stage& stage) {
    const std::string owner = stage.cluster().ask(
        "SELECT lease_owner FROM outbox_event WHERE kind = 'project:route' AND state = 'pending'");
    if (owner.find("server-2") != std::string::npos) return 1;
    return owner.find("server") != std::string::npos ? 0 : -1;
}

// A control plane is paused past its lease while it waits for an answer, and has it when another is
// waiting for its own: what it says of the event is too late.
Script settled_too_late(Stage stage) {
    stage.network().delay("consul", "server", seconds(8));
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 600 && holder_of_route(stage) < 0; ++i) {
        co_await stage.sleep(milliseconds(100));
    }
    const int holder = std::max(holder_of_route(stage), 0);
    co_await stage.sleep(seconds(1));
    stage.cluster().server(holder).pause();
    for (int i = 0; i < 1200 && holder_of_route(stage) == holder; ++i) {
        co_await stage.sleep(milliseconds(100));
    }
    stage.expect(holder_of_route(stage) == 1 - holder, "the other has taken the event");
    co_await stage.sleep(seconds(1));
    stage.cluster().server(holder).resume();
    co_await stage.sleep(seconds(30));
    stage.network().delay("consul", "server", seconds(0));
    co_await stage.expect_active(machine);
    co_await stage.sleep(minutes(5));
}

// The host of both control planes loses power, and they come back one after the other. Whoever had
// the event in hand is gone; it is taken again when the lease has run out.
Script replicas_restart(Stage stage) {
    stage.network().delay("fly", "server", seconds(20));
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(5));
    const std::string owners = stage.cluster().ask(
        "SELECT lease_owner FROM outbox_event WHERE kind = 'machine:provision'");
    stage.expect(owners.find("server") != std::string::npos, "one of them has the event in hand");
    stage.cluster().server(0).crash("power");
    stage.cluster().server(1).crash("power");
    stage.network().delay("fly", "server", seconds(0));
    co_await stage.expect_active(machine);
    stage.expect(stage.count(machine) == 1, "the provider has one of its name");
}

// A provider does not answer: what others wait for goes on meanwhile.
Script slow_neighbour(Stage stage) {
    stage.network().hold("daytona", "server");
    const std::string slow = co_await stage.create("alpha", "daytona");
    const std::string quick = co_await stage.create("beta");
    const bool active = co_await stage.until(quick, "active", seconds(45));
    stage.expect(active, "a machine does not wait for that of another project");
    stage.network().release("daytona", "server");
    co_await stage.expect_active(slow);
}

// A delivery ends when its call has timed out, in the very moment in which its lease is renewed.
Script late_renewal(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.network().block("server", "box");
    const std::string work = co_await stage.delegate("alpha", 3600);
    co_await stage.sleep(minutes(20));
    stage.network().unblock("server", "box");
    const bool processed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::processed, minutes(15));
    stage.expect(processed, "the work is delivered when its machine can be reached");
}

// A provider takes every request and answers none, while sixty machines are wanted there: those of
// another are made in their usual time.
Script provider_hangs(Stage stage) {
    stage.network().block("daytona", "server");
    for (int number = 0; number < 60; ++number) {
        std::string project = "waiting-" + std::to_string(number);
        const std::string machine = co_await stage.create(std::move(project), "daytona");
        stage.expect(!machine.empty(), "a machine is asked for");
    }
    co_await stage.sleep(minutes(2));
    const sim::VirtualTime begun = stage.cluster().world().now();
    const std::string quick = co_await stage.create("beta");
    co_await stage.expect_active(quick);
    const sim::Duration took = stage.cluster().world().now() - begun;
    stage.expect(took < seconds(45), "a machine does not wait for those of another provider");
    stage.network().unblock("daytona", "server");
    for (int number = 0; number < 60; ++number) {
        std::string machine = "waiting-" + std::to_string(number) + "-1";
        co_await stage.expect_active(std::move(machine));
    }
}

Script hand_over(Stage stage, std::string project, int count) {
    for (int number = 0; number < count; ++number) {
        const std::string work = co_await stage.delegate(project, 3600);
        stage.expect(!work.empty(), "work is taken");
    }
}

// A box takes connections and answers nothing, and its project hands it a hundred pieces of work.
// The work and the machine of others wait for none of them. When the box answers again, it has all
// that was meant for it.
Script box_hangs(Stage stage) {
    const std::string hung = co_await stage.create("alpha");
    co_await stage.expect_active(hung);
    const std::string well = co_await stage.create("gamma");
    co_await stage.expect_active(well);
    stage.boxes().pause(hung);
    co_await hand_over(stage, "alpha", 10);
    const std::string work = co_await stage.delegate("gamma", 600);
    co_await stage.sleep(seconds(4));
    stage.expect(stage.shadow().delegations().at(work).deliveries > 0,
                 "work does not wait for another project's box");
    co_await hand_over(stage, "alpha", 89);
    const std::string last = co_await stage.delegate("alpha", 3600);
    const std::string quick = co_await stage.create_slow("beta", 60);
    const bool active = co_await stage.until(quick, "active", seconds(60));
    stage.expect(active, "a machine does not wait for another project's box");
    stage.boxes().resume(hung);
    const bool had =
        co_await stage.until_delegation(last, lifecycle::DelegationState::processed, minutes(10));
    stage.expect(had, "a box that answers again gets what was meant for it");
}

// The same with two dozen boxes: a machine that has a minute and a half to become active does.
Script boxes_hang(Stage stage) {
    constexpr int kBoxes = 24;
    for (int number = 0; number < kBoxes; ++number) {
        std::string project = "hung-" + std::to_string(number);
        std::string machine = co_await stage.create(std::move(project));
        co_await stage.expect_active(machine);
    }
    for (int number = 0; number < kBoxes; ++number) {
        std::string project = "hung-" + std::to_string(number);
        stage.boxes().pause(project + "-1");
        co_await hand_over(stage, std::move(project), 4);
    }
    const std::string quick = co_await stage.create_slow("beta", 90);
    const bool active = co_await stage.until(quick, "active", seconds(90));
    stage.expect(active, "a machine does not wait for the boxes of others");
    for (int number = 0; number < kBoxes; ++number) {
        stage.boxes().resume("hung-" + std::to_string(number) + "-1");
    }
}

// More machines at once than the provider's limits let through.
Script many_at_once(Stage stage) {
    std::vector<std::string> machines;
    for (int number = 0; number < 40; ++number) {
        std::string project = "project-" + std::to_string(number);
        std::string machine = co_await stage.create(std::move(project));
        machines.push_back(std::move(machine));
    }
    for (const std::string& machine : machines) co_await stage.expect_active(machine);
}

}  // namespace

std::vector<Scenario> workers() {
    return {
        {.name = "paused-replica",
         .sentence =
             "A control plane is paused past its lease and wakes up in the middle of what is done.",
         .faults = {},
         .at_most = minutes(60),
         .play = paused_replica,
         .sometimes = {"order outbox.done machine:provision < outbox.lease-lost machine:provision",
                       "machine.adopted labels"},
         .cluster = {.servers = 2}},
        {.name = "settled-too-late",
         .sentence =
             "A control plane is paused past its lease, and has its answer while another does the "
             "work.",
         .faults = {},
         .at_most = minutes(60),
         .play = settled_too_late,
         .sometimes = {"outbox.lease-lost project:route: taken over"},
         .cluster = {.servers = 2}},
        {.name = "replicas-restart",
         .sentence = "The host of two control planes loses power while a machine is made.",
         .faults = {},
         .at_most = minutes(60),
         .play = replicas_restart,
         .sometimes = {"process.crash server", "process.crash server-2", "machine.adopted labels"},
         .cluster = {.servers = 2}},
        {.name = "slow-neighbour",
         .sentence =
             "A provider does not answer, and the machines of another are made all the same.",
         .faults = {},
         .at_most = minutes(60),
         .play = slow_neighbour,
         .sometimes = {"machine.created at daytona",
                       "order machine.daemon ready < machine.provisioned"}},
        {.name = "late-renewal",
         .sentence = "A delivery ends in the very moment in which its lease is renewed.",
         .faults = {},
         .at_most = minutes(80),
         .play = late_renewal,
         .sometimes = {"outbox.later delegation:deliver", "net.failed server timed_out"}},
        {.name = "provider-hangs",
         .sentence =
             "A provider answers nothing while many machines are wanted there; another's are made.",
         .faults = {},
         .at_most = minutes(90),
         .play = provider_hangs,
         .sometimes = {"net.answer-lost daytona",
                       "order machine.daemon ready < outbox.retry machine:provision"}},
        {.name = "box-hangs",
         .sentence = "A box takes connections and answers nothing: no other project waits for it.",
         .faults = {},
         .at_most = minutes(60),
         .play = box_hangs,
         .sometimes = {"outbox.later delegation:deliver"}},
        {.name = "boxes-hang",
         .sentence =
             "Two dozen boxes answer nothing, and have work waiting: a machine is probed in time.",
         .faults = {},
         .at_most = minutes(60),
         .play = boxes_hang,
         .sometimes = {"outbox.later delegation:deliver"}},
        {.name = "many-at-once",
         .sentence =
             "Forty machines are asked for at once, and the provider lets one a second through.",
         .faults = {},
         .at_most = minutes(90),
         .play = many_at_once,
         .sometimes = {"starting->active at the age of tens of seconds"}},
    };
}

}  // namespace scenarios
