#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fakes/sim_ports.hpp"
#include "scenarios/catalog/catalog.hpp"
#include "sim/network.hpp"

// What an earlier attempt, or somebody else, left at the provider under a machine's name.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// Somebody makes a machine at Fly, past the control plane.
boost::asio::awaitable<void> make_at_fly(Stage stage, std::string name, json metadata) {
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/machines";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = json{{"name", name},
                        {"region", "ams"},
                        {"skip_launch", true},
                        {"config", {{"image", "old"}, {"metadata", std::move(metadata)}}}}
                       .dump();
    ProviderCall call;
    call.provider = "fly";
    call.server = "somebody";
    call.request = request;
    call.begun = stage.universe().world().steps();
    fakes::SimHttpClient http(stage.universe().client());
    const auto made = co_await http.send(std::move(request), seconds(30));
    stage.expect(made && made->status == 200, "somebody made a machine");
    if (made) call.response = *made;
    call.ended = stage.universe().world().steps();
    stage.universe().witness().on_provider_call(call);
}

json labels_of(const char* project, const char* machine, std::string installation) {
    return {{"vivarium_installation", installation},
            {"vivarium_project", project},
            {"vivarium_machine", machine},
            {"vivarium_generation", "1"}};
}

Script expect_one_active(Stage stage, std::string machine) {
    const bool active = co_await stage.until(machine, "active", minutes(15));
    stage.expect(active, "the machine becomes active");
    stage.expect(stage.count(machine) == 1, "the provider has one of its name");
    stage.expect(stage.shadow().readiness_events(machine) == 1, "readiness was enqueued once");
}

// The creation takes effect, and the answer says that it did not in time.
Script create_times_out(Stage stage) {
    stage.fly().options().late_creates = 1;
    const std::string machine = co_await stage.create("alpha");
    co_await expect_one_active(stage, machine);
}

// The answer is lost, the list does not show the machine yet, and nothing shows that its volume is
// taken: the next creation meets the name.
Script conflict_adopted(Stage stage) {
    stage.fly().options().late_creates = 1;
    stage.fly().options().lag = std::chrono::milliseconds(1500);
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    while (!stage.exists(machine)) co_await stage.sleep(std::chrono::milliseconds(10));
    stage.fly().hide_volume(stage.fly().volumes().begin()->first, seconds(3));
    co_await expect_one_active(stage, machine);
}

// A machine of ours has the name, and mounts another volume: it must not be taken.
Script conflict_other_volume(Stage stage) {
    while (stage.shadow().installation().empty()) co_await stage.sleep(seconds(1));
    json labels = labels_of("alpha", "alpha-1", stage.shadow().installation());
    co_await make_at_fly(stage, "alpha-1", std::move(labels));
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await expect_one_active(stage, machine);
    for (const fakes::CloudMachine& resource : stage.universe().inventory()) {
        stage.expect(resource.leaving || !resource.volume.empty(),
                     "what runs mounts the project's volume");
    }
}

// The row has lost the id of its machine, which is lost as well; another says that it is the same,
// and mounts nothing: its id is not put in the place of the lost one.
Script lost_id_unfit(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    stage.universe().tamper(
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
    stage.expect(
        stage.shadow().machine(machine)->provisioning_error.find("not ours") != std::string::npos,
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
    co_await expect_one_active(stage, machine);
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
    co_await expect_one_active(stage, machine);
}

// The machine takes longer to start than one wait: the next goes on with the same one.
Script slow_start(Stage stage) {
    stage.fly().options().start_delay = seconds(75);
    const std::string machine = co_await stage.create("alpha");
    co_await expect_one_active(stage, machine);
}

// Somebody holds a lease on the new machine for a minute: it is started when that is over.
Script leased_by_somebody(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 100 && stage.shadow().machine(machine)->external_id.empty(); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(20));
    }
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target =
        "/v1/apps/vivarium/machines/" + stage.shadow().machine(machine)->external_id + "/lease";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = R"({"ttl": 60})";
    fakes::SimHttpClient http(stage.universe().client());
    const auto leased = co_await http.send(std::move(request), seconds(30));
    stage.expect(leased && leased->status == 201, "somebody takes a lease");
    co_await expect_one_active(stage, machine);
}

// A request to create that arrives after the machine has failed: what it makes is reaped.
Script late_success(Stage stage) {
    stage.network().hold("server", "fly");
    const std::string machine = co_await stage.create("alpha");
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails at its deadline");
    stage.network().release("server", "fly");
    co_await stage.sleep(minutes(30));
    stage.expect(!stage.exists(machine), "what was made too late is destroyed");
}

// A container of the name is still being removed: the name is free only when it is gone.
Script removal_in_progress(Stage stage) {
    stage.universe().docker().options().removal = seconds(45);
    const std::string first = co_await stage.create("alpha", "docker");
    const bool active = co_await stage.until(first, "active", minutes(10));
    stage.expect(active, "the machine becomes active");
    co_await stage.retire(first);
    const bool archived = co_await stage.until(first, "archived", minutes(40));
    stage.expect(archived, "a slow removal is waited for");
    stage.expect(!stage.exists(first), "and is complete");
}

}  // namespace

std::vector<Scenario> adoptions() {
    return {
        {"create-times-out",
         "A creation takes effect and is answered 408: one machine, and it is adopted.",
         {},
         false,
         minutes(30),
         create_times_out,
         {"machine.adopted labels", "provider.error not_yet"}},
        {"conflict-adopted",
         "The creation's answer is lost and lists lag: the name conflict leads to the machine.",
         {},
         false,
         minutes(30),
         conflict_adopted,
         {"machine.adopted conflict", "provider.error conflict"}},
        {"conflict-other-volume",
         "A machine of ours has the name and mounts another volume: it is destroyed, not taken.",
         {},
         false,
         minutes(30),
         conflict_other_volume,
         {"machine.mismatch", "provider.error conflict"}},
        {"conflict-not-ours",
         "Somebody else's machine has the name: it is left alone.",
         {},
         false,
         minutes(60),
         conflict_not_ours,
         {"outbox.dead machine:provision: the name # belongs to resource # which is not ours"}},
        {"conflict-unreadable",
         "The conflict does not say who has the name: it is kept whole, and the labels lead there.",
         {},
         false,
         minutes(30),
         conflict_unreadable,
         {"machine.conflict-unreadable", "machine.adopted labels"}},
        {"conflict-vanished",
         "The name belongs to a machine that is not there: retried, and never in a circle.",
         {},
         false,
         minutes(30),
         conflict_vanished,
         {"provider.error conflict", "outbox.retry machine:provision: gone"}},
        {"lost-id-unfit",
         "What says that it is a machine whose id is lost mounts another volume: it is not taken.",
         {},
         false,
         minutes(120),
         lost_id_unfit,
         {"reconcile.finding unfit"}},
        {"conflict-vanished-for-good",
         "The name never comes free: the machine fails within its bound.",
         {},
         false,
         minutes(60),
         conflict_vanished_for_good,
         {"outbox.retry machine:provision: gone", "machine.state starting->failed"}},
        {"slow-start",
         "The machine takes longer to start than one wait: the next goes on with the same.",
         {},
         false,
         minutes(30),
         slow_start,
         {"outbox.later machine:provision: the resource is starting"}},
        {"leased-by-somebody",
         "Somebody holds a lease on the new machine: it is started when that is over.",
         {},
         false,
         minutes(30),
         leased_by_somebody,
         {"net.answer fly 409"}},
        {"late-success",
         "A creation takes effect after the machine was declared failed: it is reaped.",
         {},
         false,
         minutes(80),
         late_success,
         {"machine.state starting->failed",
          "outbox.later machine:destroy: resources of the machine are being destroyed"}},
        {"removal-in-progress",
         "A container takes long to be removed.",
         {},
         false,
         minutes(60),
         removal_in_progress,
         {"outbox.retry machine:destroy: ambiguous: timed out"}},
    };
}

}  // namespace scenarios
