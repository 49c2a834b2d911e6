#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/volume.hpp"
#include "system/ports/http.hpp"

// Whose a resource is when databases are lost, restored, older or somebody else's: nothing that
// should stay is ever destroyed.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// One request to Fly, past the control plane.
boost::asio::awaitable<int> ask_fly(Stage stage, std::string path, std::string body) {
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/machines" + path;
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = std::move(body);
    fakes::SimHttpClient http(stage.cluster().client());
    const auto answer = co_await http.send(std::move(request), seconds(30));
    co_return answer ? answer->status : 0;
}

// A machine at each provider; their names.
boost::asio::awaitable<std::vector<std::string>> fleet(Stage stage) {
    std::vector<std::string> names;
    for (const auto& [project, provider] :
         {std::pair("alpha", "fly"), {"beta", "daytona"}, {"gamma", "docker"}}) {
        std::string name = co_await stage.create(project, provider);
        co_await stage.expect_active(name);
        names.push_back(std::move(name));
    }
    co_return names;
}

// The control plane is started with an empty database, or a wrong one.
Script database_emptied(Stage stage) {
    const auto names = co_await fleet(stage);
    stage.cluster().empty_database();
    co_await stage.sleep(hours(6));
    for (const std::string& name : names) {
        stage.expect(stage.exists(name), "what another database made is left alone");
    }
}

// The database is older than the identity of its installation, and so are the labels of its
// machines. Another installation of that name has a machine in the same account.
Script older_than_its_identity(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    const std::string id = stage.machine(first).external_id;
    const int labelled = co_await ask_fly(stage, "/" + id + "/metadata/vivarium_installation",
                                          R"({"value": "vivarium"})");
    stage.expect(labelled == 204, "the machine has the name for a label");
    const json theirs = {{"name", "omega-1"},
                         {"region", "ams"},
                         {"skip_launch", true},
                         {"config",
                          {{"image", "theirs"},
                           {"metadata",
                            {{"vivarium_installation", "vivarium"},
                             {"vivarium_project", "omega"},
                             {"vivarium_machine", "omega-1"},
                             {"vivarium_generation", "1"}}}}}};
    const int made = co_await ask_fly(stage, "", lifecycle::json_text(theirs));
    stage.expect(made == 200, "somebody else made a machine");
    stage.cluster().tamper(
        "DELETE FROM installation; UPDATE machine SET installation = '', external_id = '',"
        " address = ''; UPDATE provider_resource SET external_id = '', state = 'asked'");
    co_await stage.sleep(minutes(40));
    stage.expect(stage.machine(first).external_id == id, "our machine is found by it");
    const std::string second = co_await stage.create("alpha");
    co_await stage.expect_active(second);
    const bool archived = co_await stage.until(first, "archived", minutes(60));
    stage.expect(archived, "the one before it is archived");
    stage.expect(!stage.exists(first), "and its resource is gone");
    co_await stage.sleep(hours(4));
    stage.expect(stage.exists("omega-1"), "what others of our name made is never touched");
}

// As if the database were a backup from before those projects.
std::string forget_projects(const std::vector<std::string>& projects) {
    std::string sql;
    for (const std::string& project : projects) {
        for (const char* table :
             {"outbox_event", "provider_resource", "machine_history", "credential", "presence"}) {
            sql += fmt::format("DELETE FROM {} WHERE machine = '{}-1';", table, project);
        }
        sql += fmt::format("DELETE FROM machine WHERE id = '{}-1';", project);
        sql += fmt::format("DELETE FROM machine_request WHERE project = '{}';", project);
        sql += fmt::format("DELETE FROM project_error WHERE project = '{}';", project);
        sql += fmt::format("DELETE FROM project WHERE id = '{}';", project);
    }
    return sql;
}

std::string id_of(Stage stage, const std::string& name) {
    for (const fakes::CloudMachine& machine : stage.cluster().inventory()) {
        if (machine.name == name && !machine.leaving) return machine.id;
    }
    return {};
}

// The database is restored from before some projects. What it does not know is kept for long,
// whatever the server and its clock do meanwhile; a person may decide earlier, either way.
Script older_backup(Stage stage) {
    const auto names = co_await fleet(stage);
    const std::string last = co_await stage.create("delta", "docker");
    co_await stage.expect_active(last);
    const std::string kept = id_of(stage, "beta-1");
    const std::string unwanted = id_of(stage, "gamma-1");
    stage.cluster().tamper(forget_projects({"beta", "gamma", "delta"}));
    co_await stage.sleep(minutes(25));
    stage.cluster().server().jump_clock(hours(5));
    co_await stage.sleep(minutes(15));
    stage.cluster().tamper("SELECT 1");
    co_await stage.sleep(minutes(20));
    const std::int64_t counted = co_await stage.metric("resources_quarantined");
    stage.expect(counted == 3, "the gauge shows what is in quarantine");
    stage.cluster().witnesses().tell(&Witness::on_named, unwanted);
    std::string word = lifecycle::json_text(json{{"destroy", json::array({unwanted})}});
    const auto named = co_await stage.call("POST", "/v1/reconcile", std::move(word));
    stage.expect(named && named->status == 200, "a person names one");
    co_await stage.sleep(minutes(1));
    stage.expect(!stage.exists("gamma-1"), "which is destroyed at once");
    const std::string again = co_await stage.create("beta", "daytona");
    co_await stage.expect_active(again);
    stage.expect(stage.machine(again).external_id == kept,
                 "and another is taken over by the project that is made again");
    stage.expect(stage.exists(last), "the last is still there");
    co_await stage.sleep(minutes(90));
    stage.expect(!stage.exists(last), "and is collected in the end");
    stage.expect(stage.exists(names[0]) && stage.exists(names[1]), "and nothing else is");
}

// A large fleet, and a database that does not know four of it: a small share, and still too many to
// be destroyed without a person's word.
Script few_of_many(Stage stage) {
    constexpr int kMachines = 44;
    for (int i = 0; i < kMachines; ++i) {
        std::string project = fmt::format("p{}", i);
        const std::string machine = co_await stage.create(std::move(project), "docker");
        stage.expect(!machine.empty(), "a machine is asked for");
        co_await stage.sleep(std::chrono::seconds(1));
    }
    co_await stage.sleep(minutes(10));
    stage.cluster().tamper(forget_projects({"p4", "p14", "p24", "p34"}));
    co_await stage.sleep(minutes(150));
    for (int i = 0; i < kMachines; ++i) {
        stage.expect(stage.exists(fmt::format("p{}-1", i)), "nothing is destroyed");
    }
}

// Five machines of five projects.
boost::asio::awaitable<std::vector<std::string>> five(Stage stage, std::string provider) {
    std::vector<std::string> names;
    for (const char* project : {"one", "two", "three", "four", "five"}) {
        std::string name = co_await stage.create(project, provider);
        co_await stage.expect_active(name);
        names.push_back(std::move(name));
    }
    co_return names;
}

void expect_all_active(Stage stage, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        stage.expect(stage.exists(name), "every machine is still there");
        stage.expect(stage.machine(name).state == lifecycle::MachineState::active,
                     "and in service");
    }
}

// The rows have other ids for everything: whatever is wrong, it is not the fleet.
Script ids_scrambled(Stage stage) {
    const auto names = co_await five(stage, "docker");
    stage.cluster().tamper(
        "UPDATE machine SET external_id = 'x' || external_id;"
        "UPDATE provider_resource SET external_id = 'x' || external_id");
    co_await stage.sleep(minutes(40));
    const std::int64_t halted = co_await stage.metric("reconcile_halted_total");
    stage.expect(halted > 0, "sweeps say that they stopped");
    stage.cluster().tamper(
        "UPDATE machine SET external_id = substr(external_id, 2);"
        "UPDATE provider_resource SET external_id = substr(external_id, 2)");
    co_await stage.sleep(minutes(20));
    expect_all_active(stage, names);
}

// The provider does not find any of our machines for a while, as if this were another account.
Script wrong_account(Stage stage) {
    const auto names = co_await five(stage, "fly");
    for (const std::string& name : names) stage.fly().hide(name, minutes(40));
    co_await stage.sleep(minutes(60));
    expect_all_active(stage, names);
}

// Periodically the provider does not find a machine for some seconds.
Script reads_go_astray(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    for (int i = 0; i < 6; ++i) {
        const auto restarted =
            co_await stage.call("POST", "/v1/machines/" + machine + "/restart", "{}");
        stage.expect(restarted && restarted->status == 202, "a restart is accepted");
        stage.fly().hide(machine, seconds(10));
        co_await stage.sleep(minutes(20));
    }
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::active,
                 "the machine is still in service");
}

// A few times a day one sweep does not find a machine, and those before and after it do.
Script sweeps_go_astray(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    for (int i = 0; i < 6; ++i) {
        // As long as sweeps are apart at least, so that it meets one of them.
        stage.fly().hide(machine, minutes(5));
        co_await stage.sleep(hours(2));
    }
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::active,
                 "the machine is still in service");
}

bool has_volume(Stage stage, const std::string& id) {
    const auto found = stage.fly().volumes().find(id);
    return found != stage.fly().volumes().end() && found->second.state != "pending_destroy";
}

// A volume is to be destroyed, and for some seconds its provider does not find it.
Script volume_reads_go_astray(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    const std::string volume = stage.fly().volumes().begin()->first;
    co_await stage.archive("alpha");
    const auto is_kept = [&] {
        return lifecycle::is_kept(stage.shadow().volumes().begin()->second.state);
    };
    while (is_kept()) co_await stage.sleep(std::chrono::milliseconds(50));
    stage.fly().hide_volume(volume, seconds(30));
    co_await stage.sleep(minutes(30));
    stage.expect(!has_volume(stage, volume), "it is destroyed all the same");
}

// The rows say that a volume is gone, and the provider has it.
Script volume_said_gone(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    const std::string volume = stage.fly().volumes().begin()->first;
    co_await stage.retire(machine);
    const bool archived = co_await stage.until(machine, "archived", minutes(30));
    stage.expect(archived, "the machine is gone, and the volume is free");
    stage.cluster().tamper("UPDATE volume SET state = 'gone'");
    co_await stage.sleep(minutes(60));
    stage.expect(!has_volume(stage, volume), "what should be gone is destroyed");
    co_await stage.archive("alpha");
}

// The answer of a creation is lost, and the host of what it made is out of reach: the provider
// knows the machine in part, and not what it mounts.
Script host_out_of_sight(Stage stage) {
    stage.fly().options().late_creates = 1;
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    while (!stage.exists(machine)) co_await stage.sleep(std::chrono::milliseconds(10));
    const std::string id = id_of(stage, machine);
    stage.fly().lose_sight(machine, minutes(4));
    co_await stage.expect_active(machine);
    stage.expect(id_of(stage, machine) == id, "it is the one that was made first");
    stage.fly().lose_sight(machine, minutes(30));
    co_await stage.sleep(minutes(40));
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::active,
                 "and what is out of sight stays in service");
}

// The host of a machine is out of reach, for the provider and for us: the machine is not heard, and
// what the provider remembers of it says that it runs.
Script host_out_of_reach(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    const std::string other = co_await stage.create("beta");
    co_await stage.expect_active(other);
    stage.fly().lose_sight(machine, minutes(40));
    stage.boxes().options(machine).mute = true;
    co_await stage.sleep(minutes(35));
    const auto said = co_await stage.call("GET", "/v1/projects/alpha");
    stage.expect(!said || said->body.contains("does not reach its host"),
                 "its project says why it is silent");
    stage.boxes().options(machine).mute = false;
    co_await stage.sleep(minutes(20));
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::active,
                 "it is in service when its host is back");
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(proxied && proxied->status == 200, "and answers through the proxy");
}

}  // namespace

std::vector<Scenario> fleets() {
    return {
        {.name = "database-emptied",
         .sentence =
             "The control plane is started with an empty database: what the other made stays.",
         .faults = {},
         .at_most = hours(10),
         .play = database_emptied,
         .sometimes = {"tampered", "net.answer server 404"}},
        {.name = "older-than-its-identity",
         .sentence =
             "A database is older than its installation's identity: its machines stay its own.",
         .faults = {},
         .at_most = hours(10),
         .play = older_than_its_identity,
         .sometimes = {"reconcile.finding lost-id"}},
        {.name = "older-backup",
         .sentence =
             "The database is older than some projects: what it does not know is kept for long.",
         .faults = {},
         .at_most = hours(8),
         .play = older_backup,
         .sometimes = {"reconcile.finding quarantined", "machine.adopted conflict"}},
        {.name = "ids-scrambled",
         .sentence = "The rows have other ids for all machines: no sweep destroys them all.",
         .faults = {},
         .at_most = hours(4),
         .play = ids_scrambled,
         .sometimes = {"reconcile.finding double", "reconcile.halted"}},
        {.name = "few-of-many",
         .sentence =
             "The rows do not know four of many machines: nobody destroys them without a person's "
             "word.",
         .faults = {},
         .at_most = hours(8),
         .play = few_of_many,
         .sometimes = {"reconcile.finding quarantined", "reconcile.halted"}},
        {.name = "wrong-account",
         .sentence =
             "The provider finds none of our machines for a while: they are not all given up.",
         .faults = {},
         .at_most = hours(4),
         .play = wrong_account,
         .sometimes = {"reconcile.finding missing", "reconcile.halted"}},
        {.name = "reads-go-astray",
         .sentence =
             "Periodically the provider does not find a machine for some seconds: it is not lost.",
         .faults = {},
         .at_most = hours(4),
         .play = reads_go_astray,
         .sometimes = {"outbox.later machine:start: the resource is not found"}},
        {.name = "sweeps-go-astray",
         .sentence = "One sweep in many does not find a machine, some times a day: it is not lost.",
         .faults = {},
         .at_most = hours(14),
         .play = sweeps_go_astray,
         .sometimes = {"reconcile.finding missing"}},
        {.name = "volume-reads-go-astray",
         .sentence = "A provider does not find a volume that is to be destroyed, for some seconds: "
                     "it goes.",
         .faults = {},
         .at_most = minutes(90),
         .play = volume_reads_go_astray,
         .sometimes = {"outbox.later volume:destroy: it is not found, or not yet"}},
        {.name = "volume-said-gone",
         .sentence =
             "The rows say that a volume is gone, and the provider still has it: it is destroyed.",
         .faults = {},
         .at_most = minutes(140),
         .play = volume_said_gone,
         .sometimes = {"reconcile.finding orphan"}},
        {.name = "host-out-of-sight",
         .sentence =
             "The provider knows a machine only in part: it is waited for, and not destroyed.",
         .faults = {},
         .at_most = hours(4),
         .play = host_out_of_sight,
         .sometimes = {"machine.adopted labels",
                       "outbox.later machine:provision: the provider does not reach the host of "
                       "resource #"}},
        {.name = "host-out-of-reach",
         .sentence =
             "A machine is silent, and the provider does not reach its host: it is waited for.",
         .faults = {},
         .at_most = hours(4),
         .play = host_out_of_reach,
         .sometimes = {"project.error silence: machine # is silent, and the provider does not "
                       "reach its host: "
                       "it is waited for, or recreate it yourself"}},
    };
}

}  // namespace scenarios
