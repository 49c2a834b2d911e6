#include "scenarios/catalog/catalog.hpp"
#include "sim/network.hpp"

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
        {"ready-before-provision",
         "The daemon reports ready before the provider's answer is durable.",
         {},
         false,
         minutes(30),
         ready_before_provision},
        {"provision-before-ready",
         "Provisioning is done before the daemon reports ready.",
         {},
         false,
         minutes(30),
         provision_before_ready},
        {"create-answer-lost",
         "The provider makes the machine, and the answer never arrives.",
         {},
         false,
         minutes(30),
         create_answer_lost},
    };
}

}  // namespace scenarios
