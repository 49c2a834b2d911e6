#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/ports/http.hpp"

// What an earlier attempt, or somebody else, left at the provider under a machine's name.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// The creation takes effect, and the answer says that it did not in time.
Script create_times_out(Stage stage) {
    stage.fly().options().late_creates = 1;
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_one_active(machine);
}

// The machine takes longer to start than one wait: the next goes on with the same one.
Script slow_start(Stage stage) {
    stage.fly().options().start_delay = seconds(75);
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_one_active(machine);
}

// Somebody holds a lease on the new machine for a minute: it is started when that is over.
Script leased_by_somebody(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    for (int i = 0; i < 100 && stage.machine(machine).external_id.empty(); ++i) {
        co_await stage.sleep(std::chrono::milliseconds(20));
    }
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/machines/" + stage.machine(machine).external_id + "/lease";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = R"({"ttl": 60})";
    fakes::SimHttpClient http(stage.cluster().client());
    const auto leased = co_await http.send(std::move(request), seconds(30));
    stage.expect(leased && leased->status == 201, "somebody takes a lease");
    co_await stage.expect_one_active(machine);
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
    stage.cluster().docker().options().removal = seconds(45);
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
        {.name = "create-times-out",
         .sentence = "A creation takes effect and is answered 408: one machine, and it is adopted.",
         .faults = {},
         .at_most = minutes(30),
         .play = create_times_out,
         .sometimes = {"machine.adopted labels", "provider.error not_yet"}},
        {.name = "slow-start",
         .sentence =
             "The machine takes longer to start than one wait: the next goes on with the same.",
         .faults = {},
         .at_most = minutes(30),
         .play = slow_start,
         .sometimes = {"outbox.later machine:provision: the resource is starting"}},
        {.name = "leased-by-somebody",
         .sentence = "Somebody holds a lease on the new machine: it is started when that is over.",
         .faults = {},
         .at_most = minutes(30),
         .play = leased_by_somebody,
         .sometimes = {"net.answer fly 409"}},
        {.name = "late-success",
         .sentence = "A creation takes effect after the machine was declared failed: it is reaped.",
         .faults = {},
         .at_most = minutes(80),
         .play = late_success,
         .sometimes =
             {"machine.state starting->failed",
              "outbox.later machine:destroy: resources of the machine are being destroyed"}},
        {.name = "removal-in-progress",
         .sentence = "A container takes long to be removed.",
         .faults = {},
         .at_most = minutes(60),
         .play = removal_in_progress,
         .sometimes = {"outbox.retry machine:destroy: ambiguous: timed out"}},
    };
}

}  // namespace scenarios
