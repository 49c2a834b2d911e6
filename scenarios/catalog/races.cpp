#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/machine.hpp"

// The races of a machine's first minutes, each steered so that it happens in every run; the tape
// decides the rest.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Waits for the one end that all these races must have.
Script expect_active(Stage stage, std::string machine) {
    const bool active = co_await stage.until(machine, "active", minutes(15));
    stage.expect(active, "the machine becomes active");
    stage.expect(stage.shadow().readiness_events(machine) == 1, "readiness was enqueued once");
}

// The provider launches the machine at once, and its daemon reports before the create is answered.
Script ready_before_provision(Stage stage) {
    stage.fly().options().launch_eagerly = true;
    stage.network().delay("fly", "server", seconds(28));
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(27));
    const auto* row = stage.shadow().machine(machine);
    stage.expect(row->external_id.empty() && row->daemon_status == lifecycle::DaemonStatus::ready,
                 "the daemon is ready while the provider's answer is on its way");
    co_await stage.sleep(seconds(60));
    stage.network().delay("fly", "server", seconds(0));
    co_await expect_active(stage, machine);
}

// The create's answer and the daemon's report arrive in the same instant.
Script ready_meets_provision(Stage stage) {
    stage.fly().options().launch_eagerly = true;
    stage.network().hold("fly", "server");
    stage.network().hold("box", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(27));
    stage.expect(stage.machine(machine).external_id.empty(), "the provider's answer is on its way");
    stage.network().release("fly", "server");
    stage.network().release("box", "server");
    co_await expect_active(stage, machine);
}

// The machine is retired while the provider makes it: what was made has to be destroyed.
Script retired_while_provisioning(Stage stage) {
    stage.network().hold("fly", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(10));
    co_await stage.retire(machine);
    stage.network().release("fly", "server");
    const bool archived = co_await stage.until(machine, "archived", minutes(20));
    stage.expect(archived, "a machine that was retired while it was made is archived");
    stage.expect(stage.fly().find_by_name(machine) == nullptr, "and what was made is destroyed");
}

// The machine is retired while the readiness probe is under way: it must not become active.
Script retired_while_probed(Stage stage) {
    stage.network().delay("box", "server", seconds(4));
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 1200 && stage.shadow().readiness_events(machine) == 0; ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.expect(stage.shadow().readiness_events(machine) == 1, "the machine is being probed");
    co_await stage.sleep(seconds(1));
    co_await stage.retire(machine);
    const bool archived = co_await stage.until(machine, "archived", minutes(20));
    stage.expect(archived, "a machine that was retired while it was probed is archived");
}

// Whether a worker has an event of that kind in hand.
bool in_hand(Stage stage, std::string_view kind, std::string_view machine) {
    for (const auto& [id, event] : stage.shadow().events()) {
        if (event.kind == kind && event.machine == machine && event.state == "pending" &&
            !event.lease_owner.empty()) {
            return true;
        }
    }
    return false;
}

boost::asio::awaitable<bool> until_in_hand(Stage stage, std::string kind, std::string machine,
                                           sim::Duration within) {
    const auto rounds = within / std::chrono::milliseconds(20);
    for (int i = 0; i < rounds && !in_hand(stage, kind, machine); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(20));
    }
    co_return in_hand(stage, kind, machine);
}

// Work is on its way to a machine that does not do it when the next becomes active: the next has it
// at once, and not when the first would have been reminded.
Script work_meets_activation(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.boxes().options(first).hung = true;
    const std::string second = co_await stage.create("alpha");
    stage.network().hold("server", "box");
    const bool probed = co_await until_in_hand(stage, "machine:readiness", second, minutes(5));
    stage.expect(probed, "the next machine is being probed");
    const std::string work = co_await stage.delegate("alpha", 3600);
    const bool carried = co_await until_in_hand(stage, "delegation:deliver", "", seconds(2));
    stage.expect(carried, "the work is on its way");
    stage.network().release("server", "box");
    co_await stage.expect_active(second);
    for (int i = 0; i < 20 && stage.shadow().delegations().at(work).machine != second; ++i) {
        co_await stage.sleep(seconds(1));
    }
    stage.expect(stage.shadow().delegations().at(work).machine == second,
                 "the next machine has the work at once");
}

// The control plane's clock is set while the provider does not show the new machine yet: a grace
// that is measured by that clock has passed at once.
Script clock_set_while_unseen(Stage stage) {
    stage.fly().options().lag = seconds(20);
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 100 && stage.machine(machine).external_id.empty(); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.expect(!stage.machine(machine).external_id.empty(), "the machine is made");
    stage.cluster().server().jump_clock(minutes(7));
    co_await expect_active(stage, machine);
}

// The same while the new machine is being retired: what is not seen yet has to be destroyed too.
Script clock_set_while_retiring(Stage stage) {
    stage.fly().options().lag = seconds(60);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(5));
    stage.fly().options().lag = seconds(0);
    stage.cluster().server().jump_clock(minutes(7));
    co_await stage.retire(machine);
    const bool archived = co_await stage.until(machine, "archived", minutes(20));
    stage.expect(archived, "a machine that was retired before it was seen is archived");
}

// An impatient client repeats its request while the provider does not show the machine yet.
Script retired_again_and_again(Stage stage) {
    stage.fly().options().lag = seconds(60);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(5));
    stage.fly().options().lag = seconds(0);
    for (int i = 0; i < 8; ++i) {
        co_await stage.retire(machine);
        co_await stage.sleep(seconds(1));
    }
    const bool archived = co_await stage.until(machine, "archived", minutes(20));
    stage.expect(archived, "a machine that was retired many times is archived");
}

// The daemon's reports are held back until the provisioning is long done.
Script provision_before_ready(Stage stage) {
    stage.network().block("box", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(minutes(2));
    const auto* row = stage.shadow().machine(machine);
    stage.expect(!row->external_id.empty(), "provisioning does not wait for the daemon");
    stage.expect(stage.shadow().readiness_events(machine) == 0,
                 "nothing is probed before the daemon is ready");
    stage.network().unblock("box", "server");
    co_await expect_active(stage, machine);
}

// The provider makes the machine, and its answer never arrives.
Script create_answer_lost(Stage stage) {
    stage.network().block("fly", "server");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(20));
    stage.network().unblock("fly", "server");
    co_await expect_active(stage, machine);
    int resources = 0;
    for (const auto& [id, resource] : stage.fly().machines()) {
        if (resource.name == machine) ++resources;
    }
    stage.expect(resources == 1, "one machine was made, and adopted");
}

}  // namespace

std::vector<Scenario> races() {
    return {
        {.name = "ready-before-provision",
         .sentence = "The daemon reports ready before the provider's answer is durable.",
         .faults = {},
         .at_most = minutes(30),
         .play = ready_before_provision,
         .sometimes = {"order machine.daemon ready < machine.provisioned"}},
        {.name = "ready-meets-provision",
         .sentence = "The provider's answer and the daemon's report arrive in the same instant.",
         .faults = {},
         .at_most = minutes(30),
         .play = ready_meets_provision,
         .sometimes = {"order machine.daemon ready < machine.provisioned",
                       "order machine.provisioned < box.registered"}},
        {.name = "provision-before-ready",
         .sentence = "Provisioning is done before the daemon reports ready.",
         .faults = {},
         .at_most = minutes(30),
         .play = provision_before_ready,
         .sometimes = {"order outbox.done machine:provision < box.registered", "net.lost box"}},
        {.name = "create-answer-lost",
         .sentence = "The provider makes the machine, and the answer never arrives.",
         .faults = {},
         .at_most = minutes(30),
         .play = create_answer_lost,
         .sometimes = {"net.answer-lost fly", "net.failed server timed_out",
                       "machine.adopted labels"}},
        {.name = "retired-while-provisioning",
         .sentence = "The machine is retired while the provider makes it.",
         .faults = {},
         .at_most = minutes(40),
         .play = retired_while_provisioning,
         .sometimes =
             {"order outbox.claimed machine:provision < machine.state starting->detached"}},
        {.name = "clock-set-while-unseen",
         .sentence =
             "The control plane's clock is set while the provider does not show a new machine yet.",
         .faults = {},
         .at_most = minutes(30),
         .play = clock_set_while_unseen,
         .sometimes = {"clock.jump", "provider.error gone"}},
        {.name = "clock-set-while-retiring",
         .sentence = "A machine is retired, and the clock set, before the provider shows it.",
         .faults = {},
         .at_most = minutes(40),
         .play = clock_set_while_retiring,
         .sometimes = {"clock.set",
                       "order outbox.later machine:provision < machine.state starting->detached"}},
        {.name = "retired-again-and-again",
         .sentence =
             "A client repeats its request to retire before the provider shows the machine.",
         .faults = {},
         .at_most = minutes(40),
         .play = retired_again_and_again,
         .sometimes = {"order outbox.later machine:provision < machine.state starting->detached"}},
        {.name = "work-meets-activation",
         .sentence = "Work is on its way to one machine when the next becomes active, which has it "
                     "at once.",
         .faults = {},
         .at_most = minutes(60),
         .play = work_meets_activation,
         .sometimes = {"starting->active after no fault in delegation:deliver",
                       "order machine.state active->detached < delegation.delivered"}},
        {.name = "retired-while-probed",
         .sentence = "The machine is retired while its readiness is probed.",
         .faults = {},
         .at_most = minutes(40),
         .play = retired_while_probed,
         .sometimes =
             {"order outbox.claimed machine:readiness < machine.state starting->detached"}},
    };
}

}  // namespace scenarios
