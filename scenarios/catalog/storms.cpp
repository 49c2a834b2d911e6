#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/workload.hpp"
#include "sim/world/time.hpp"

// Everything at once, and the calm after it.
namespace scenarios {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A machine and its successor, while the control plane dies at any write, sync or message.
Script crash_anywhere(Stage stage) {
    const std::string first = co_await stage.create("alpha");
    co_await stage.until(first, "active", minutes(30));
    const std::string second = co_await stage.create("alpha");
    co_await stage.until(second, "active", minutes(30));
    co_await stage.retire(first);
}

Script storm(Stage stage) {
    std::vector<std::pair<std::string, std::vector<Step>>> plans;
    for (const char* project : {"alpha", "beta", "gamma"}) {
        // The machines of one project mount its volume.
        const std::int64_t volume_gb = project == std::string_view("gamma") ? 3 : 0;
        std::vector<Step> steps =
            draw_steps(stage.cluster().world().tape(), project, 14, volume_gb);
        // Even the baseline run of a storm has a machine.
        steps.insert(steps.begin(), creation(volume_gb));
        plans.emplace_back(project, std::move(steps));
    }
    co_await perform_together(stage, std::move(plans));
    const sim::Duration left = hours(2) - stage.cluster().world().now();
    if (left.count() > 0) co_await stage.sleep(left);
}

}  // namespace

std::vector<Scenario> storms() {
    return {
        {.name = "crash-anywhere",
         .sentence =
             "The control plane dies at any write, sync or message, and goes on where it was.",
         .faults = {"crash", "disk."},
         .at_most = hours(4),
         .play = crash_anywhere,
         .sometimes = {"process.crash server", "machine.adopted labels",
                       "order machine.provisioned < outbox.claimed machine:provision"}},
        {.name = "storm",
         .sentence =
             "Three projects on three clouds, two control planes, two hours, every fault there is.",
         .faults = {"crash", "disk.", "net.", "fly.", "daytona.", "docker.", "answer.", "box.",
                    "pause", "clock."},
         .nemesis = true,
         .at_most = hours(8),
         .play = storm,
         .sometimes = {"machine.state starting->failed", "machine.state starting->detached",
                       "machine.state detached->archived", "machine.adopted labels",
                       "machine.unavailable", "provider.error ambiguous", "provider.error busy",
                       "provider.error capacity_region", "provider.error throttled",
                       "outbox.dead machine:provision", "outbox.retry machine:destroy",
                       "net.failed server timed_out",
                       "order machine.provisioned < outbox.retry machine:provision"},
         .cluster = {.servers = 2},
         .generated = true},
    };
}

}  // namespace scenarios
