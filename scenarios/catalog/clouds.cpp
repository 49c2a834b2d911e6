#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fakes/docker/engine.hpp"
#include "scenarios/catalog/parts.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"

// What one cloud does and the others do not.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// A sandbox is as large as its snapshot says, and its row says so too.
Script sandbox_sized(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "daytona");
    co_await stage.expect_active(machine);
    const lifecycle::MachineSpec& spec = stage.machine(machine).spec;
    stage.expect(spec.cpus == 2 && spec.memory_mb == 4096, "the row has the size of the snapshot");
    const auto refused =
        co_await stage.call("POST", "/v1/projects/alpha/machines",
                            R"({"image":"image:2","provider":"daytona","memory_mb":8192})");
    stage.expect(!refused || refused->status >= 500 || refused->status == 400,
                 "a size that cannot be had is refused");
    stage.expect(stage.shadow().machine("alpha-2") == nullptr, "and changes nothing");
}

// Machines of another size than most, at providers that count in units of their own.
Script sized_as_asked(Stage stage) {
    for (const char* provider : {"fly", "docker"}) {
        const json wanted = {
            {"image", "image:2"}, {"provider", provider}, {"cpus", 2}, {"memory_mb", 700}};
        std::string path = fmt::format("/v1/projects/{}/machines", provider);
        const auto made =
            co_await stage.call("POST", std::move(path), lifecycle::json_text(wanted));
        stage.expect(made && made->status == 202, "a machine of that size is asked for");
        co_await stage.expect_active(fmt::format("{}-1", provider));
    }
}

// A snapshot boots for longer than the cloud holds its answers, and then the answer is that the
// start has failed, which may be untrue.
Script sandbox_boots_slowly(Stage stage) {
    stage.cluster().daytona().options().start_delay = seconds(50);
    const std::string machine = co_await stage.create("alpha", "daytona");
    co_await stage.expect_active(machine);
    const auto restarted =
        co_await stage.call("POST", "/v1/machines/" + machine + "/restart", "{}");
    stage.expect(restarted && restarted->status == 202, "a restart is accepted");
    co_await stage.sleep(minutes(5));
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(proxied && proxied->status == 200, "the machine answers through the proxy");
    stage.expect(stage.count(machine) == 1, "and there is one of it");
}

// Reads show a machine without its id, whatever is asked: that is no absence, and its environment,
// which they show too, is told to nobody.
Script odd_element(Stage stage) {
    stage.fly().options().odd = "alpha-1";
    const std::string machine = co_await stage.create("alpha");
    co_await stage.sleep(minutes(2));
    stage.expect(stage.exists(machine), "the machine is made");
    co_await stage.retire(machine);
    co_await stage.sleep(minutes(20));
    stage.expect(stage.machine(machine).state == lifecycle::MachineState::detached,
                 "what cannot be read is not taken to be gone");
    stage.fly().options().odd.clear();
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "once it can be read it is destroyed");
    stage.expect(!stage.exists(machine), "and its resource is gone");
}

// Answers cannot be understood, of whatever call: what was asked for was done, and is found.
Script answers_garbled(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    const bool served = co_await stage.until(first, "active", minutes(40));
    stage.expect(served, "a machine with a volume becomes active");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool followed = co_await stage.until(second, "active", minutes(60));
    stage.expect(followed, "and so does the one that has its volume next");
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(40));
}

// The engine is another after an upgrade: the version that was agreed on is refused.
Script engine_upgraded(Stage stage) {
    fakes::DockerEngineOptions& engine = stage.cluster().docker().options();
    engine.newest = 41;
    engine.oldest = 12;
    const std::string machine = co_await stage.create("alpha", "docker");
    co_await stage.expect_active(machine);
    engine.newest = 52;
    engine.oldest = 44;
    const auto restarted =
        co_await stage.call("POST", "/v1/machines/" + machine + "/restart", "{}");
    stage.expect(restarted && restarted->status == 202, "a restart is accepted");
    co_await stage.sleep(minutes(2));
    const auto proxied = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
    stage.expect(proxied && proxied->status == 200, "the machine answers through the proxy");
    const std::string second = co_await stage.create("alpha", "docker");
    co_await stage.expect_active(second);
}

// An image that the engine does not have is pulled; nobody else waits for it.
Script image_pulled(Stage stage) {
    fakes::DockerEngineOptions& engine = stage.cluster().docker().options();
    engine.remote_image = "registry.fly.io/vivarium:1";
    engine.pull = minutes(4);
    const std::string machine = co_await stage.create("alpha", "docker");
    const std::string other = co_await stage.create("beta");
    const bool quick = co_await stage.until(other, "active", minutes(2));
    stage.expect(quick, "who needs no image does not wait for it");
    co_await stage.expect_active(machine);
}

// An image that its registry does not have: the engine says so in the middle of a stream that began
// well.
Script image_nowhere(Stage stage) {
    stage.cluster().docker().options().missing_image = "registry.fly.io/vivarium:1";
    const std::string machine = co_await stage.create("alpha", "docker");
    const bool failed = co_await stage.until(machine, "failed", minutes(5));
    stage.expect(failed, "the machine fails");
    const std::string& why = stage.machine(machine).provisioning_error;
    stage.expect(why.contains("manifest unknown"), "and says what the registry says");
    // Somebody has pushed it meanwhile.
    stage.cluster().docker().options().missing_image.clear();
    stage.cluster().docker().options().remote_image = "registry.fly.io/vivarium:1";
    const std::string next = co_await stage.create("alpha", "docker");
    co_await stage.expect_active(next);
}

}  // namespace

std::vector<Scenario> clouds() {
    return {
        {.name = "odd-element",
         .sentence = "Reads show a machine without its id: that is no absence, and nobody is told "
                     "its secrets.",
         .faults = {},
         .at_most = minutes(120),
         .play = odd_element,
         .sometimes =
             {"outbox.retry machine:provision: unknown: unreadable answer #",
              "outbox.retry machine:destroy: # listed elements could not be read: number # named # "
              "without an id"}},
        {.name = "engine-upgraded",
         .sentence =
             "A Docker Engine is upgraded: the version of its API that was agreed on is refused.",
         .faults = {},
         .at_most = minutes(60),
         .play = engine_upgraded,
         .sometimes = {"net.answer docker 400", "outbox.later machine:restart: busy"}},
        {.name = "answers-garbled",
         .sentence = "Answers of a cloud are cut off, a page for people, or not of the form that "
                     "they should "
                     "have.",
         .faults = {"answer."},
         .at_most = minutes(180),
         .play = answers_garbled,
         .sometimes = {"fault answer.garbled"}},
        {.name = "image-pulled",
         .sentence =
             "An image that the engine does not have is pulled, and nobody else waits for it.",
         .faults = {},
         .at_most = minutes(60),
         .play = image_pulled,
         .sometimes = {"outbox.retry machine:provision: busy: image # is being pulled",
                       "starting->active at the age of minutes"}},
        {.name = "image-nowhere",
         .sentence = "An image that no registry has: its machine fails and says so.",
         .faults = {},
         .at_most = minutes(60),
         .play = image_nowhere,
         .sometimes = {"outbox.dead machine:provision: permanent: image # could not be pulled: "
                       "manifest for # "
                       "not found: manifest unknown"}},
        {.name = "sandbox-sized",
         .sentence = "A sandbox is as large as its snapshot says, and its row says so.",
         .faults = {},
         .at_most = minutes(60),
         .play = sandbox_sized,
         .sometimes = {"net.answer server 400"}},
        {.name = "sized-as-asked",
         .sentence = "A client asks for a machine with two processors and an odd amount of memory.",
         .faults = {},
         .at_most = minutes(60),
         .play = sized_as_asked,
         .sometimes = {"machine.created at fly", "machine.created at docker"}},
        {.name = "sandbox-boots-slowly",
         .sentence = "A sandbox starts after the cloud has said that it failed to.",
         .faults = {},
         .at_most = minutes(60),
         .play = sandbox_boots_slowly,
         .sometimes = {"machine.adopted labels", "outbox.retry machine:start: ambiguous"}},
    };
}

}  // namespace scenarios
