#include "scenarios/catalog/parts.hpp"
#include "system/model/machine.hpp"

// Machines that end although nobody wants them to: what they leave is found, said and cleaned up.
namespace scenarios {
namespace {

using lifecycle::MachineState;
using std::chrono::minutes;
using std::chrono::seconds;

bool has_left_service(Stage stage, const std::string& machine) {
    const MachineState state = stage.machine(machine).state;
    return state == MachineState::detached || state == MachineState::archived;
}

// The provider destroys a machine while it starts: nobody waits for what will never be.
Script destroyed_while_starting(Stage stage) {
    stage.fly().options().start_delay = minutes(10);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(30));
    stage.fly().lose(machine);
    const bool failed = co_await stage.until(machine, "failed", minutes(3));
    stage.expect(failed, "the machine fails as soon as that can be known");
    stage.fly().options().start_delay = seconds(0);
}

// A machine in service stops, and its provider cannot launch it again: it leaves service.
Script fails_in_service(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().options().fail_launches = true;
    stage.fly().stop_by_itself(machine);
    for (int i = 0; i < 40 && !has_left_service(stage, machine); ++i) {
        co_await stage.sleep(minutes(1));
    }
    stage.expect(has_left_service(stage, machine), "what cannot be launched does not serve");
    const std::string error = co_await stage.last_error("alpha");
    stage.expect(error.empty() || error.find("could not launch") != std::string::npos,
                 "and the project says so");
    stage.fly().options().fail_launches = false;
}

// A machine that was replaced is lost before it is destroyed, and somebody asks it for its agents.
Script detached_and_gone(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const std::string second = co_await stage.create("alpha");
    co_await stage.expect_active(second);
    stage.fly().lose(first);
    co_await stage.sleep(minutes(1));
    stage.expect(stage.machine(first).state == MachineState::detached,
                 "the machine is detached, and its resource is gone");
    const auto answer = co_await stage.call("GET", "/v1/machines/" + first + "/agents");
    stage.expect(answer && answer->status == 503 &&
                     answer->body.find("machine_unavailable") != std::string::npos,
                 "it is explicitly unavailable");
    const bool archived = co_await stage.until(first, "archived", minutes(60));
    stage.expect(archived, "to destroy what is gone is to have destroyed it");
    const auto later = co_await stage.call("GET", "/v1/machines/" + first + "/agents");
    stage.expect(later && later->status == 503, "and nothing else is said of it then");
}

// A machine runs, and nobody ever hears of it.
Script never_reported(Stage stage) {
    stage.boxes().options("alpha-1").mute = true;
    const std::string machine = co_await stage.create("alpha");
    const bool failed = co_await stage.until(machine, "failed", minutes(40));
    stage.expect(failed, "a machine that never reports fails");
    const std::string& why = stage.machine(machine).provisioning_error;
    stage.expect(why.find("not active") != std::string::npos, "and says what it is not");
    stage.expect(stage.shadow().readiness_events(machine) == 0, "nobody took it for ready");
    co_await stage.sleep(minutes(20));
    stage.expect(!stage.exists(machine), "its resource is destroyed");
    const std::string next = co_await stage.create("alpha");
    co_await stage.expect_active(next);
}

// A project is given up whose machine holds its volume, and has lost its id.
Script volume_held_by_lost(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    stage.cluster().tamper(
        "UPDATE machine SET external_id = '', address = ''; UPDATE provider_resource SET"
        " external_id = '', state = 'asked'");
    co_await stage.archive("alpha");
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "the machine is archived");
    stage.expect(!stage.exists(machine), "because it is gone");
    co_await stage.sleep(minutes(20));
    for (const CloudVolume& volume : stage.cluster().volumes()) {
        stage.expect(volume.leaving, "and so is the volume that it held");
    }
}

// The store is that of the moment before it asked for a machine, which is retired before it asks
// again.
Script retired_after_loss(Stage stage) {
    stage.fly().options().start_delay = minutes(10);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(15));
    stage.expect(stage.exists(machine), "the machine is made");
    stage.cluster().tamper(
        "UPDATE machine SET external_id = '', address = ''; DELETE FROM provider_resource");
    co_await stage.retire(machine);
    stage.fly().options().start_delay = seconds(0);
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived && !stage.exists(machine), "it is archived once it is gone");
}

}  // namespace

std::vector<Scenario> endings() {
    return {
        {.name = "destroyed-while-starting",
         .sentence =
             "The provider destroys a machine while it starts: nobody waits for it any longer.",
         .faults = {},
         .at_most = minutes(60),
         .play = destroyed_while_starting,
         .sometimes = {"outbox.later machine:provision: the resource is starting",
                       "starting->failed after no fault in machine:provision"}},
        {.name = "fails-in-service",
         .sentence = "A machine in service stops, and cannot be launched again: it leaves service.",
         .faults = {},
         .at_most = minutes(90),
         .play = fails_in_service,
         .sometimes = {"reconcile.finding stopped", "outbox.claimed machine:start",
                       "machine.state active->detached"}},
        {.name = "detached-and-gone",
         .sentence = "The resource of a machine that was replaced is gone, and somebody asks for "
                     "its agents.",
         .faults = {},
         .at_most = minutes(120),
         .play = detached_and_gone,
         .sometimes = {"order machine.state active->detached < machine.unavailable",
                       "net.answer server 503"}},
        {.name = "never-reported",
         .sentence = "A machine runs, and never says anything: it fails in time.",
         .faults = {},
         .at_most = minutes(110),
         .play = never_reported,
         .sometimes = {"starting->failed after no fault in machine:deadline",
                       "order outbox.done machine:provision < outbox.claimed machine:deadline"}},
        {.name = "volume-held-by-lost",
         .sentence =
             "A project is given up whose volume is held by a machine that has lost its id.",
         .faults = {},
         .at_most = minutes(90),
         .play = volume_held_by_lost,
         .sometimes = {"tampered",
                       "order machine.state active->detached < outbox.claimed project:route-end",
                       "outbox.later volume:destroy: it is being destroyed"}},
        {.name = "retired-after-loss",
         .sentence =
             "The store has lost that it asked for a machine, which is retired: it is destroyed.",
         .faults = {},
         .at_most = minutes(90),
         .play = retired_after_loss,
         .sometimes = {"tampered", "machine.state starting->detached",
                       "outbox.later machine:destroy: the provider has it, though these rows never "
                       "asked for "
                       "it"}},
    };
}

}  // namespace scenarios
