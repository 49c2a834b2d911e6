#include <nlohmann/json.hpp>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// The name of a machine is taken when it is asked for: by what an earlier attempt made, or somebody
// else. The answer says by which, and whether that is adopted depends on whose it is and what it
// mounts.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Somebody makes a machine at Fly, past the control plane.
boost::asio::awaitable<void> make_at_fly(Stage stage, std::string name, json metadata) {
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/machines";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = lifecycle::json_text(
        json{{"name", name},
             {"region", "ams"},
             {"skip_launch", true},
             {"config", {{"image", "old"}, {"metadata", std::move(metadata)}}}});
    ProviderCall call;
    call.provider = "fly";
    call.server = "somebody";
    call.request = request;
    call.begun = stage.cluster().world().steps();
    fakes::SimHttpClient http(stage.cluster().client());
    const auto made = co_await http.send(std::move(request), seconds(30));
    stage.expect(made && made->status == 200, "somebody made a machine");
    if (made) call.response = *made;
    call.ended = stage.cluster().world().steps();
    stage.cluster().witnesses().tell(&Witness::on_provider_call, call);
}

json labels_of(const char* project, const char* machine, std::string installation) {
    return {{"vivarium_installation", installation},
            {"vivarium_project", project},
            {"vivarium_machine", machine},
            {"vivarium_generation", "1"}};
}

// The answer is lost, the list does not show the machine yet, and nothing shows that its volume is
// taken: the next creation meets the name.
Script conflict_adopted(Stage stage) {
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = std::chrono::milliseconds(1500);
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    while (!stage.exists(machine)) co_await stage.sleep(std::chrono::milliseconds(10));
    stage.fly().hide_volume(stage.fly().volumes().begin()->first, seconds(3));
    co_await stage.expect_one_active(machine);
}

// The same without a volume: only lists are behind, and the machine itself can be read.
Script conflict_adopted_without_volume(Stage stage) {
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = milliseconds(1500);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_one_active(machine);
}

// What the row of the machine names; empty while nobody has read it, or it names nothing.
std::string named_by(Stage stage, const std::string& machine) {
    const auto* row = stage.shadow().machine(machine);
    return row == nullptr ? std::string() : row->external_id;
}

// Waits until the row of the machine names its resource; the id of that.
boost::asio::awaitable<std::string> until_named(Stage stage, std::string machine) {
    for (int i = 0; i < 2000 && named_by(stage, machine).empty(); ++i) {
        co_await stage.sleep(milliseconds(10));
    }
    stage.expect(!named_by(stage, machine).empty(), "the id is durable");
    co_return named_by(stage, machine);
}

// The store has lost the id of a machine that is starting, and that it has asked for it, so that
// nobody looks before it is asked for again.
Script conflict_after_loss(Stage stage) {
    stage.fly().options().failed_starts = 1000;
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    const std::string made = co_await until_named(stage, machine);
    co_await stage.sleep(seconds(5));
    stage.cluster().tamper(
        "UPDATE machine SET external_id = '', address = ''; DELETE FROM provider_resource");
    stage.fly().options().failed_starts = 0;
    co_await stage.expect_one_active(machine);
    stage.expect(stage.machine(machine).external_id == made, "it is the same as before");
}

// What was adopted cannot be started at first: its id stands, and it is started all the same.
Script conflict_start_fails(Stage stage) {
    stage.fly().options().failed_starts = 3;
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = milliseconds(1500);
    const std::string machine = co_await stage.create("alpha");
    const std::string adopted = co_await until_named(stage, machine);
    co_await stage.sleep(seconds(2));
    stage.expect(stage.machine(machine).external_id == adopted &&
                     stage.machine(machine).state == lifecycle::MachineState::starting,
                 "a start that failed changes nothing");
    co_await stage.expect_one_active(machine);
    stage.expect(stage.machine(machine).external_id == adopted, "it runs in the end");
}

// What was adopted is gone before it is started, and its name is not free: that is the end of this
// machine, and no circle.
Script conflict_vanishes_when_adopted(Stage stage) {
    stage.fly().options().failed_starts = 1000;
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = milliseconds(1500);
    const std::string machine = co_await stage.create("alpha");
    const std::string adopted = co_await until_named(stage, machine);
    stage.fly().options().ghosts[machine] = adopted;
    stage.fly().hide(machine, minutes(30));
    stage.fly().lose(machine);
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails within its bound");
    stage.fly().options().failed_starts = 0;
    stage.fly().options().ghosts.clear();
}

// A request to create takes so long that its volume was moved meanwhile, since there was no room
// beside it. What it makes mounts the volume of before: it is not taken for the machine.
Script conflict_stranded(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    co_await stage.retire(first);
    const bool archived = co_await stage.until(first, "archived", minutes(30));
    stage.expect(archived, "the machine is gone, and the volume is free");
    const std::string before = stage.volume_of("alpha");

    stage.network().delay("server", "fly", seconds(70));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.sleep(seconds(1));
    stage.network().delay("server", "fly", seconds(0));
    stage.fly().options().stranded_volumes.insert(before);
    while (stage.fly().volumes().size() < 2) co_await stage.sleep(milliseconds(1));
    stage.network().delay("fly", "server", seconds(29));
    stage.fly().options().stranded_volumes.clear();
    while (!stage.exists(second)) co_await stage.sleep(milliseconds(10));
    stage.network().delay("fly", "server", seconds(0));
    stage.expect(stage.fly_machine(second).volume == before,
                 "what arrives late mounts the volume of before");
    co_await stage.expect_one_active(second);
    stage.expect(stage.volume_of("alpha") != before, "the project has another volume by now");
    stage.expect(stage.fly_machine(second).volume == stage.volume_of("alpha"),
                 "which its machine mounts");
}

// The store has lost in which size it asked for the machine. That keeps its size: the row says so
// together with the id, before it is started, and what replaces it is as large.
Script conflict_other_size(Stage stage) {
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = seconds(5);
    const std::string machine = co_await stage.create("alpha");
    while (!stage.exists(machine)) co_await stage.sleep(milliseconds(10));
    co_await stage.sleep(seconds(1));
    const json made = stage.fly_machine(machine).config.at("guest");
    stage.cluster().tamper("UPDATE machine SET cpus = cpus + 1, memory_mb = memory_mb + 256");
    co_await until_named(stage, machine);
    stage.expect(stage.machine(machine).spec.memory_mb == made.at("memory_mb") &&
                     stage.machine(machine).spec.cpus == made.at("cpus"),
                 "the row has the size together with the id");
    co_await stage.expect_one_active(machine);
    const auto next = co_await stage.recreate("alpha");
    co_await stage.expect_active(next.machine);
    stage.expect(stage.fly_machine(next.machine).config.at("guest") == made,
                 "what replaces it is as large");
}

// A machine of ours has the name, and mounts another volume: it must not be taken.
Script conflict_other_volume(Stage stage) {
    while (stage.shadow().installation().empty()) co_await stage.sleep(seconds(1));
    json labels = labels_of("alpha", "alpha-1", stage.shadow().installation());
    co_await make_at_fly(stage, "alpha-1", std::move(labels));
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_one_active(machine);
    for (const fakes::CloudMachine& resource : stage.cluster().inventory()) {
        stage.expect(resource.leaving || !resource.volume.empty(),
                     "what runs mounts the project's volume");
    }
}

// The row has lost the id of its machine, which is lost as well; another says that it is the same,
// and mounts nothing: its id is not put in the place of the lost one.
Script lost_id_unfit(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    stage.cluster().tamper(
        "UPDATE machine SET external_id = '', address = ''; UPDATE provider_resource SET"
        " external_id = '', state = 'asked'");
    stage.fly().lose(machine);
    co_await stage.sleep(seconds(15));
    json labels = labels_of("alpha", "alpha-1", stage.shadow().installation());
    co_await make_at_fly(stage, machine, std::move(labels));
    const bool archived = co_await stage.until(machine, "archived", minutes(90));
    stage.expect(archived, "the machine leaves service");
    stage.expect(stage.count(machine) == 0, "and what said that it was it is destroyed");
}

// Somebody else's machine has the name: it is left alone, and the failure says why.
Script conflict_not_ours(Stage stage) {
    json labels = labels_of("alpha", "alpha-1", "another");
    co_await make_at_fly(stage, "alpha-1", std::move(labels));
    const std::string machine = co_await stage.create("alpha");
    const bool failed = co_await stage.until(machine, "failed", minutes(15));
    stage.expect(failed, "the machine fails");
    stage.expect(stage.machine(machine).provisioning_error.find("not ours") != std::string::npos,
                 "and says that the name belongs to somebody else");
    co_await stage.sleep(minutes(20));
    stage.expect(stage.count(machine) == 1, "what is not ours is still there");
}

// The registry holds the name of a machine that nobody can find: bounded, and never in a circle.
Script conflict_vanished(Stage stage) {
    stage.fly().options().ghosts["alpha-1"] = "1857150000dead";
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(seconds(20));
    stage.fly().options().ghosts.clear();
    co_await stage.expect_one_active(machine);
}

// And when the name is never free again, the machine fails within its bound.
Script conflict_vanished_for_good(Stage stage) {
    stage.fly().options().ghosts["alpha-1"] = "1857150000dead";
    const std::string machine = co_await stage.create("alpha");
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails within its bound");
    stage.fly().options().ghosts.clear();
}

// Nobody can read from the conflict who has the name: it is kept whole, and the labels lead there.
Script conflict_unreadable(Stage stage) {
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = seconds(3);
    stage.fly().options().garble_conflicts = true;
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_one_active(machine);
}

}  // namespace

std::vector<Scenario> conflicts() {
    return {
        {.name = "conflict-adopted",
         .sentence =
             "The creation's answer is lost and lists lag: the name conflict leads to the machine.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_adopted,
         .sometimes = {"provider.error conflict",
                       "order machine.adopted conflict < machine.provisioned"}},
        {.name = "conflict-adopted-without-volume",
         .sentence = "The same without a volume.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_adopted_without_volume,
         .sometimes = {"provider.error conflict",
                       "order machine.adopted conflict < machine.provisioned"}},
        {.name = "conflict-after-loss",
         .sentence = "The store has lost the id of a machine that is starting, and that it asked "
                     "for it: the "
                     "name conflict leads to the machine.",
         .faults = {},
         .at_most = minutes(40),
         .play = conflict_after_loss,
         .sometimes = {"provider.error conflict",
                       "order machine.adopted conflict < machine.provisioned"}},
        {.name = "conflict-start-fails",
         .sentence =
             "What was adopted cannot be started at first: its id stands, and it is started later.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_start_fails,
         .sometimes = {"order machine.adopted conflict < machine.provisioned",
                       "order machine.provisioned < outbox.retry machine:provision",
                       "outbox.retry machine:provision: ambiguous"}},
        {.name = "conflict-vanishes-when-adopted",
         .sentence =
             "What was adopted is gone before it is started, and its name is not free: no circle.",
         .faults = {},
         .at_most = minutes(60),
         .play = conflict_vanishes_when_adopted,
         .sometimes = {"order machine.adopted conflict < machine.provisioned",
                       "outbox.later machine:provision: the resource is not visible yet",
                       "outbox.dead machine:provision: the provider no longer has resource #"}},
        {.name = "conflict-stranded",
         .sentence = "A creation takes effect after its volume was moved: what it made mounts the "
                     "old volume, "
                     "and is destroyed.",
         .faults = {},
         .at_most = minutes(90),
         .play = conflict_stranded,
         .sometimes = {"net.failed server timed_out", "volume.present copy",
                       "provider.error conflict",
                       "order machine.mismatch < outbox.retry machine:provision"}},
        {.name = "conflict-other-size",
         .sentence = "The store has lost the size of the machine that has the name: it keeps its "
                     "size, which "
                     "is written down with its id.",
         .faults = {},
         .at_most = minutes(60),
         .play = conflict_other_size,
         .sometimes = {"order machine.adopted conflict < machine.provisioned"}},
        {.name = "conflict-other-volume",
         .sentence = "A machine of ours has the name and mounts another volume: it is destroyed, "
                     "not taken.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_other_volume,
         .sometimes = {"machine.mismatch", "provider.error conflict"}},
        {.name = "conflict-not-ours",
         .sentence = "Somebody else's machine has the name: it is left alone.",
         .faults = {},
         .at_most = minutes(60),
         .play = conflict_not_ours,
         .sometimes =
             {"outbox.dead machine:provision: the name # belongs to resource # which is not ours"}},
        {.name = "conflict-unreadable",
         .sentence = "The conflict does not say who has the name: it is kept whole, and the labels "
                     "lead there.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_unreadable,
         .sometimes = {"machine.conflict-unreadable", "machine.adopted labels"}},
        {.name = "conflict-vanished",
         .sentence =
             "The name belongs to a machine that is not there: retried, and never in a circle.",
         .faults = {},
         .at_most = minutes(30),
         .play = conflict_vanished,
         .sometimes = {"provider.error conflict", "outbox.retry machine:provision: gone"}},
        {.name = "conflict-vanished-for-good",
         .sentence = "The name never comes free: the machine fails within its bound.",
         .faults = {},
         .at_most = minutes(60),
         .play = conflict_vanished_for_good,
         .sometimes = {"outbox.retry machine:provision: gone", "machine.state starting->failed"}},
        {.name = "lost-id-unfit",
         .sentence = "What says that it is a machine whose id is lost mounts another volume: it is "
                     "not taken.",
         .faults = {},
         .at_most = minutes(120),
         .play = lost_id_unfit,
         .sometimes = {"reconcile.finding unfit"}},
    };
}

}  // namespace scenarios
