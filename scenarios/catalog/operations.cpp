#include <nlohmann/json.hpp>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// What operators meet: other clouds, outages, leaks, broken rows.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Script expect_served(Stage stage) {
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(proxied && proxied->status == 200, "the machine answers through the proxy");
}

// One machine's life, with a restart in the middle, at each of the other providers.
Script life_at(Stage stage, std::string provider) {
    const std::string machine = co_await stage.create("alpha", provider);
    co_await stage.expect_active(machine);
    co_await expect_served(stage);
    const auto restarted =
        co_await stage.call("POST", "/v1/machines/" + machine + "/restart", "{}");
    stage.expect(restarted && restarted->status == 202, "a restart is accepted");
    co_await stage.sleep(minutes(2));
    co_await expect_served(stage);
    co_await stage.retire(machine);
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "the machine is archived");
    stage.expect(!stage.exists(machine), "and its resource is gone");
}

Script daytona_life(Stage stage) {
    co_await life_at(stage, "daytona");
}

Script docker_life(Stage stage) {
    co_await life_at(stage, "docker");
}

// A sandbox gets stuck being created: it fails with the reason, and is not left behind.
Script sandbox_stuck(Stage stage) {
    stage.cluster().daytona().options().stuck = true;
    const std::string machine = co_await stage.create("alpha", "daytona");
    const bool failed = co_await stage.until(machine, "failed", minutes(30));
    stage.expect(failed, "the machine fails");
    const std::string& why = stage.machine(machine).provisioning_error;
    stage.expect(why.find("could not launch") != std::string::npos,
                 "by the provider's own verdict");
    stage.cluster().daytona().options().stuck = false;
    co_await stage.sleep(minutes(30));
    stage.expect(!stage.exists(machine), "and what was stuck is destroyed");
}

// The provider cannot launch the machine.
Script launch_fails(Stage stage) {
    stage.fly().options().fail_launches = true;
    const std::string machine = co_await stage.create("alpha");
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails");
    stage.fly().options().fail_launches = false;
    co_await stage.sleep(minutes(30));
    stage.expect(!stage.exists(machine), "and its resource is destroyed");
}

// Nobody reaches the provider for a while: a failed query is not evidence of absence, and nothing
// is restarted.
Script provider_outage(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.network().block("server", "fly");
    stage.network().block("fly", "server");
    // Long enough for every sweep to have looked in vain as often as it takes.
    co_await stage.sleep(minutes(15));
    const std::string waiting = co_await stage.create("beta");
    co_await stage.sleep(minutes(10));
    co_await expect_served(stage);
    stage.network().unblock("server", "fly");
    stage.network().unblock("fly", "server");
    co_await stage.expect_active(waiting);
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::active,
                 "what was active still is");
    stage.expect(stage.count(machine) == 1 && stage.count(waiting) == 1, "nothing was doubled");
}

// The provider answers 503 to every destruction: the machine is archived only when it is gone.
Script destroy_refused(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().options().refuse_destroys = true;
    co_await stage.retire(machine);
    co_await stage.sleep(minutes(15));
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::detached,
                 "a machine whose resource is still there is not archived");
    stage.fly().options().refuse_destroys = false;
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "it is once the resource is gone");
}

// The row of an active machine has lost its id, as after a restore: the labels lead back to it.
Script external_id_lost(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string id = stage.machine(machine).external_id;
    stage.cluster().tamper(
        "UPDATE machine SET external_id = '', address = ''; UPDATE provider_resource SET"
        " external_id = '', state = 'asked'");
    const std::int64_t empty = co_await stage.metric("machines_without_external_id");
    stage.expect(empty == 1 || empty == -1, "the gauge shows a row without an id");
    co_await stage.sleep(minutes(12));
    stage.expect(stage.machine(machine).external_id == id, "the id is found again");
    co_await expect_served(stage);
}

// As if the store were a backup from before the second machine of its project.
constexpr const char* kForgetTheSecond =
    "DELETE FROM outbox_event WHERE machine = 'alpha-2';"
    "DELETE FROM provider_resource WHERE machine = 'alpha-2';"
    "DELETE FROM machine_history WHERE machine = 'alpha-2';"
    "DELETE FROM credential WHERE machine = 'alpha-2';"
    "DELETE FROM presence WHERE machine = 'alpha-2';"
    "DELETE FROM machine WHERE id = 'alpha-2';"
    "UPDATE project SET generation = 1";

// The store is restored from a backup that does not know the newest machine: what runs is left
// alone, and the next creation, which has its name, takes it over.
Script store_restored(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const std::string second = co_await stage.create("alpha");
    co_await stage.expect_active(second);
    const std::string id = stage.machine(second).external_id;
    stage.cluster().tamper(std::string(kForgetTheSecond) + ", active_machine = ''");
    co_await stage.sleep(minutes(30));
    stage.expect(stage.exists(second), "what the store does not know yet is left alone");
    const std::string again = co_await stage.create("alpha");
    stage.expect(again == second, "the next machine has its name");
    co_await stage.expect_active(again);
    stage.expect(stage.machine(again).external_id == id, "and takes it over");
}

// The same while the newest is being destroyed: the next has its name when that is free.
Script name_reused(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.fly().options().start_delay = minutes(5);
    const std::string second = co_await stage.create("alpha");
    co_await stage.sleep(seconds(20));
    const std::string id = stage.machine(second).external_id;
    stage.fly().options().start_delay = seconds(0);
    stage.fly().options().destroy_delay = seconds(45);
    co_await stage.retire(second);
    for (int i = 0; i < 600 && stage.exists(second); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.cluster().tamper(kForgetTheSecond);
    const std::string again = co_await stage.create("alpha");
    stage.expect(again == second, "the next machine has its name");
    co_await stage.expect_active(again);
    stage.expect(stage.machine(again).external_id != id, "and is another");
}

// The same, and nobody asks for another machine for longer than what is unknown is kept: a person
// has to decide.
Script newer_is_kept(Stage stage) {
    for (int number = 0; number < 2; ++number) {
        const std::string machine = co_await stage.create("alpha");
        co_await stage.expect_active(machine);
    }
    stage.cluster().tamper(std::string(kForgetTheSecond) + ", active_machine = ''");
    co_await stage.sleep(kQuarantine + hours(1));
    stage.expect(stage.exists("alpha-2"), "what the store does not know yet is left to a person");
    const std::string again = co_await stage.create("alpha");
    co_await stage.expect_active(again);
}

// A row of the old kind: starting, without an id, and with an error that nobody acted on.
Script broken_row(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.cluster().tamper(
        "INSERT INTO project (id, generation, created_at) VALUES ('old', 1, 0);"
        "INSERT INTO machine (id, project, generation, provider, state, image, region, cpus,"
        " memory_mb, daemon_status, provisioning_error, idempotency_key, created_at, updated_at)"
        " VALUES ('old-1', 'old', 1, 'fly', 'starting', 'image', 'ams', 1, 256, 'silent',"
        " 'request-lifetime provisioning died', 'old-1', 0, 0)");
    const auto dry = co_await stage.call("POST", "/v1/reconcile", "{}");
    stage.expect(dry && dry->body.find("broken-row") != std::string::npos, "a dry run reports it");
    stage.expect(stage.machine("old-1").state == lifecycle::MachineState::starting,
                 "and changes nothing");
    co_await stage.sleep(minutes(12));
    stage.expect(stage.machine("old-1").state == lifecycle::MachineState::failed,
                 "a sweep makes it failed");
}

// An event that no consumer can handle is buried with a reason, and holds nothing up.
Script poison_event(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    stage.cluster().tamper(
        "INSERT INTO outbox_event (kind, ordering_key, dedupe_key, machine, state, available_at,"
        " created_at) VALUES ('machine:unheard-of', 'machine:alpha-1', 'poison', 'alpha-1',"
        " 'pending', 0, 0)");
    co_await stage.expect_active(machine);
    bool buried = false;
    for (const auto& [id, event] : stage.shadow().events()) {
        if (event.kind == "machine:unheard-of") {
            buried =
                event.state == "dead" && event.outcome.find("no consumer") != std::string::npos;
        }
    }
    stage.expect(buried, "the event is dead and says why");
}

// Something of ours that no row knows, and something that is not ours.
Script orphan_collected(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string orphan = co_await stage.create("nobody", "docker");
    co_await stage.expect_active(orphan);
    std::string sql;
    for (const char* table :
         {"outbox_event", "provider_resource", "machine_history", "credential", "presence"}) {
        sql += std::string("DELETE FROM ") + table + " WHERE machine = 'nobody-1';";
    }
    sql += "DELETE FROM machine WHERE id = 'nobody-1'; DELETE FROM project WHERE id = 'nobody'";
    stage.cluster().tamper(sql);
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kDockerAuthority;
    request.target = "/v1.44/containers/create?name=stray-another";
    request.body = lifecycle::json_text(json{{"Image", "image"},
                                             {"Labels",
                                              {{"vivarium_installation", "another"},
                                               {"vivarium_project", "nobody"},
                                               {"vivarium_machine", "nobody-1"}}}});
    fakes::SimHttpClient http(stage.cluster().client());
    const auto made = co_await http.send(std::move(request), seconds(30));
    stage.expect(made && made->status == 201, "somebody made a container");
    co_await stage.sleep(minutes(60));
    stage.expect(stage.exists(orphan), "what no row knows is kept for a while");
    co_await stage.sleep(minutes(60));
    stage.expect(!stage.exists(orphan), "and is collected then");
    stage.expect(stage.exists("stray-another"), "what is not ours is never touched");
}

// The provider has lost an active machine: it leaves service and says so.
Script missing_noticed(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().lose(machine);
    co_await stage.sleep(minutes(30));
    const auto* row = stage.shadow().machine(machine);
    stage.expect(row->state == lifecycle::MachineState::archived ||
                     row->state == lifecycle::MachineState::detached,
                 "a machine that its provider lost leaves service");
    const auto history = co_await stage.call("GET", "/v1/machines/" + machine + "/events");
    stage.expect(history && history->body.find("no longer has it") != std::string::npos,
                 "its history says why");
}

// An active machine stops by itself: it is started again.
Script stopped_by_itself(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    stage.fly().stop_by_itself(machine);
    co_await stage.sleep(minutes(15));
    co_await expect_served(stage);
    stage.expect(stage.count(machine) == 1, "and it is the same one");
}

// A push rolls the project's machine: once, however often it is told, and only if it is signed.
Script github_push(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const auto bound = co_await stage.call("PUT", "/v1/projects/alpha/github",
                                           R"({"repository": "acme/app", "branch": "main"})");
    stage.expect(bound && bound->status == 200, "a repository is bound");
    Stage::Push forgery{"acme/app", "c0ffee"};
    forgery.secret = "not the secret";
    const int forged = co_await stage.push(std::move(forgery));
    stage.expect(forged == 401, "a forged delivery is refused");
    Stage::Push elsewhere{"acme/other", "c0ffee"};
    const int other = co_await stage.push(std::move(elsewhere));
    stage.expect(other == 202, "a push elsewhere is heard");
    stage.expect(stage.shadow().machine("alpha-2") == nullptr, "and rolls nothing");
    const Stage::Push push{"acme/app", "c0ffee", "delivery-3", 1'700'000'100};
    for (const char* delivery : {"delivery-3", "delivery-3", "replayed"}) {
        Stage::Push told = push;
        told.delivery = delivery;
        const int heard = co_await stage.push(std::move(told));
        stage.expect(heard == 202, "a push is heard, however often it is told");
    }
    co_await stage.expect_active("alpha-2");
    stage.expect(stage.shadow().machine("alpha-3") == nullptr, "and rolls once");
    Stage::Push late{"acme/app", "decade", "delivery-2", 1'700'000'000};
    const int overtaken = co_await stage.push(std::move(late));
    stage.expect(overtaken == 202 && stage.shadow().machine("alpha-3") == nullptr,
                 "one that was overtaken by a newer one rolls nothing");
    Stage::Push back{"acme/app", "c0ffee", "delivery-4", 1'700'000'200};
    const int again = co_await stage.push(std::move(back));
    stage.expect(again == 202, "a branch may come back to a commit");
    co_await stage.expect_active("alpha-3");
}

}  // namespace

std::vector<Scenario> operations() {
    return {
        {.name = "daytona-life",
         .sentence = "One machine's life at Daytona.",
         .faults = {},
         .at_most = minutes(60),
         .play = daytona_life,
         .sometimes = {"machine.created at daytona",
                       "order outbox.later machine:start < box.registered",
                       "provider.error gone at daytona"}},
        {.name = "docker-life",
         .sentence = "One machine's life at Docker.",
         .faults = {},
         .at_most = minutes(60),
         .play = docker_life,
         .sometimes = {"machine.created at docker",
                       "order outbox.claimed machine:start < machine.address",
                       "provider.error gone at docker"}},
        {.name = "sandbox-stuck",
         .sentence = "A sandbox gets stuck being created: the machine fails, and nothing is left.",
         .faults = {},
         .at_most = minutes(80),
         .play = sandbox_stuck,
         .sometimes = {"starting->failed after no fault in machine:provision",
                       "starting->failed at the age of tens of minutes",
                       "provider.error gone at daytona"}},
        {.name = "launch-fails",
         .sentence = "The provider cannot launch a machine: it fails, and nothing is left.",
         .faults = {},
         .at_most = minutes(80),
         .play = launch_fails,
         .sometimes = {"starting->failed after no fault in machine:provision",
                       "order outbox.dead machine:provision < outbox.claimed machine:destroy"}},
        {.name = "provider-outage",
         .sentence =
             "Nobody reaches the provider for a while: nothing is restarted, doubled or given up.",
         .faults = {},
         .at_most = minutes(80),
         .play = provider_outage,
         .sometimes = {"net.lost server", "net.failed server timed_out",
                       "starting->active at the age of tens of minutes"}},
        {.name = "destroy-refused",
         .sentence = "The provider refuses to destroy: a machine is archived only when its "
                     "resource is gone.",
         .faults = {},
         .at_most = minutes(80),
         .play = destroy_refused,
         .sometimes = {"outbox.retry machine:destroy", "net.answer fly 503"}},
        {.name = "external-id-lost",
         .sentence = "The store has lost the id of an active machine: the labels lead back to it.",
         .faults = {},
         .at_most = minutes(60),
         .play = external_id_lost,
         .sometimes = {"order outbox.done project:route < reconcile.finding lost-id"}},
        {.name = "store-restored",
         .sentence = "The store is restored from before the newest machine: that is taken over, "
                     "not destroyed.",
         .faults = {},
         .at_most = minutes(120),
         .play = store_restored,
         .sometimes = {"order reconcile.finding newer < machine.created",
                       "machine.adopted conflict"}},
        {.name = "name-reused",
         .sentence =
             "A name is asked for again while what had it is being destroyed: it is waited for.",
         .faults = {},
         .at_most = minutes(90),
         .play = name_reused,
         .sometimes =
             {"provider.error conflict",
              "outbox.later machine:provision: a resource of that name is being destroyed"}},
        {.name = "newer-is-kept",
         .sentence =
             "The store is restored from before the newest machine, and nobody decides: it stays.",
         .faults = {},
         .at_most = minutes(240),
         .play = newer_is_kept,
         .sometimes = {"reconcile.finding newer"}},
        {.name = "broken-row",
         .sentence = "A row of the old kind, which no flow would ever repair, becomes failed.",
         .faults = {},
         .at_most = minutes(60),
         .play = broken_row,
         .sometimes = {"order reconcile.finding broken-row < machine.state starting->failed"}},
        {.name = "poison-event",
         .sentence =
             "An event that no consumer can handle is buried with a reason, and holds nothing up.",
         .faults = {},
         .at_most = minutes(60),
         .play = poison_event,
         .sometimes = {"outbox.dead machine:unheard-of"}},
        {.name = "orphan-collected",
         .sentence =
             "What is ours and nobody's is collected after a while; what is not ours never.",
         .faults = {},
         .at_most = hours(4),
         .play = orphan_collected,
         .sometimes = {"reconcile.finding quarantined", "net.answer server 404"}},
        {.name = "missing-noticed",
         .sentence = "The provider has lost an active machine: it leaves service, and its history "
                     "says why.",
         .faults = {},
         .at_most = minutes(60),
         .play = missing_noticed,
         .sometimes = {"order reconcile.finding missing < machine.state active->detached"}},
        {.name = "stopped-by-itself",
         .sentence = "An active machine stops by itself: it is started again.",
         .faults = {},
         .at_most = minutes(60),
         .play = stopped_by_itself,
         .sometimes = {"reconcile.finding stopped",
                       "order outbox.later machine:start < box.registered"}},
        {.name = "github-push",
         .sentence = "A signed push rolls the project's machine, once, however often it is told.",
         .faults = {},
         .at_most = minutes(80),
         .play = github_push,
         .sometimes = {"net.answer server 401", "machine.state active->detached"}},
    };
}

}  // namespace scenarios
