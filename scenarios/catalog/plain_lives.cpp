#include "scenarios/catalog/parts.hpp"
#include "system/model/machine.hpp"

// Lives in which nothing goes wrong, or just the one thing that the scenario is about.
namespace scenarios {
namespace {

using std::chrono::minutes;

Script calm(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    const bool active = co_await stage.until(machine, "active", minutes(5));
    stage.expect(active, "a machine becomes active within five minutes");
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(proxied && proxied->status == 200, "the active machine answers through the proxy");
    const auto agents = co_await stage.call("GET", "/v1/machines/" + machine + "/agents");
    stage.expect(agents && agents->status == 200, "the active machine lists its agents");
}

Script rollover(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    const bool first_active = co_await stage.until(first, "active", minutes(30));
    const std::string second = co_await stage.create("alpha");
    const bool second_active = co_await stage.until(second, "active", minutes(30));
    stage.expect(first != second, "a second machine is another one");
    if (!second_active) co_return;  // a provider that fails it is allowed to; the calm will tell
    const auto* old = stage.shadow().machine(first);
    const auto expected =
        first_active ? lifecycle::MachineState::detached : lifecycle::MachineState::failed;
    stage.expect(old->state == expected || old->state == lifecycle::MachineState::detached ||
                     old->state == lifecycle::MachineState::archived,
                 "the machine before is detached when its successor is active");
    stage.expect(stage.shadow().projects().at("alpha").active_machine == second,
                 "traffic goes to the successor");
}

Script provider_refuses(Stage stage) {
    stage.fly().options().refuse_create = "invalid_argument: image not found";
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(minutes(30));
    stage.fly().options().refuse_create.clear();
    const auto* row = stage.shadow().machine(machine);
    stage.expect(row->external_id.empty(), "nothing was made");
    stage.expect(row->state != lifecycle::MachineState::failed ||
                     row->provisioning_error.find("image not found") != std::string::npos,
                 "a machine that failed says why");
}

Script provider_missing(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    const bool active = co_await stage.until(machine, "active", minutes(5));
    stage.expect(active, "a machine becomes active within five minutes");
    stage.fly().lose(machine);
    co_await stage.sleep(minutes(1));
    const std::vector<std::string> targets = {"/v1/projects/alpha/proxy/hello",
                                              "/v1/machines/" + machine + "/agents"};
    for (const std::string& target : targets) {
        const auto answer = co_await stage.call("GET", target);
        stage.expect(answer && answer->status == 503 &&
                         answer->body.find("machine_unavailable") != std::string::npos &&
                         answer->body.find("no longer has it") != std::string::npos,
                     "a machine that its provider lost is explicitly unavailable");
    }
}

}  // namespace

std::vector<Scenario> plain_lives() {
    return {
        {.name = "calm",
         .sentence = "One machine's life when nothing goes wrong.",
         .faults = {},
         .at_most = minutes(15),
         .play = calm,
         .sometimes = {"provider.error busy", "machine.state starting->active", "route"}},
        {.name = "rollover",
         .sentence =
             "A second machine replaces the first while messages are slow, lost and doubled.",
         .faults = {"net.", "fly.mishap", "fly.lag"},
         .at_most = minutes(90),
         .play = rollover,
         .sometimes = {"fault net.slow", "fault net.lost-answer", "fault net.duplicate",
                       "order outbox.done project:route < machine.state active->detached"}},
        {.name = "provider-refuses",
         .sentence = "The provider refuses a machine for good: it fails, and says why.",
         .faults = {},
         .at_most = minutes(40),
         .play = provider_refuses,
         .sometimes = {"provider.error permanent", "outbox.dead machine:provision",
                       "starting->failed at the age of seconds"}},
        {.name = "provider-missing",
         .sentence = "The provider loses an active machine: the proxy and the agents' list say so.",
         .faults = {},
         .at_most = minutes(15),
         .play = provider_missing,
         .sometimes = {"order machine.unavailable < reconcile.finding missing",
                       "net.answer server 503"}},
    };
}

}  // namespace scenarios
