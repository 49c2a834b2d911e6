#include "scenarios/flows/situations.hpp"

#include <iterator>
#include <utility>

#include "system/model/machine.hpp"

namespace scenarios {
namespace {

using lifecycle::machine_id;
using std::chrono::minutes;

// Until a machine that was asked for is active.
constexpr lifecycle::Duration kSettled = minutes(4);
// Until all is over, whatever was to be done: what was replaced is kept for a while, and what was
// given up is looked for again and again until it is believed to be gone.
constexpr lifecycle::Duration kOver = minutes(40);

sim::Coroutine pass(LoneLifecycle* lone, lifecycle::Duration time) {
    co_await sim::sleep(lone->process(), time);
}

sim::Coroutine nothing(LoneLifecycle* /*lone*/, std::string /*project*/) {
    co_return;
}

sim::Coroutine have_machine(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project));
    co_await pass(lone, kSettled);
}

sim::Coroutine have_machine_with_volume(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project, 1));
    co_await pass(lone, kSettled);
}

// And another, of a create whose answer was lost.
sim::Coroutine have_machine_twice(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project));
    co_await pass(lone, kSettled);
    lone->provider().add(lifecycle::Resource(lone->provider().resources().begin()->second));
}

sim::Coroutine make(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project));
    co_await pass(lone, kOver);
}

sim::Coroutine make_with_volume(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project, 1));
    co_await pass(lone, kOver);
}

sim::Coroutine replace(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->roll(project));
    co_await pass(lone, kOver);
}

sim::Coroutine retire(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->retire(machine_id(project, 1)));
    co_await pass(lone, kOver);
}

sim::Coroutine restart(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->restart(machine_id(project, 1)));
    co_await pass(lone, kOver);
}

sim::Coroutine stop(LoneLifecycle* lone, std::string project) {
    const std::string machine = machine_id(project, 1);
    lone->provider().resources().begin()->second.state = lifecycle::ResourceState::stopped;
    lone->keep_running(machine);
    co_await pass(lone, kOver);
}

sim::Coroutine lose(LoneLifecycle* lone, std::string project) {
    lone->provider().lose(lone->provider().resources().begin()->first);
    lone->keep_running(machine_id(project, 1));
    co_await pass(lone, kOver);
}

sim::Coroutine archive(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->archive(project));
    co_await pass(lone, kOver);
}

// No room beside the volume: it is copied, and what it was copied from is given up.
sim::Coroutine move(LoneLifecycle* lone, std::string project) {
    lone->provider().fill_beside(lone->provider().volumes().begin()->first);
    static_cast<void>(lone->roll(project));
    co_await pass(lone, kOver);
}

// No room in the first region.
sim::Coroutine go_elsewhere(LoneLifecycle* lone, std::string project) {
    lone->provider().fill_region("ams");
    static_cast<void>(lone->create(project, 1));
    co_await pass(lone, kOver);
}

// Somebody has made one of its name before.
sim::Coroutine make_where_one_is(LoneLifecycle* lone, std::string project) {
    lifecycle::Resource there;
    there.name = machine_id(project, 1);
    there.labels = LoneLifecycle::labels_of(project, 1);
    there.state = lifecycle::ResourceState::stopped;
    lone->provider().add(std::move(there));
    static_cast<void>(lone->create(project));
    co_await pass(lone, kOver);
}

sim::Coroutine make_unheard(LoneLifecycle* lone, std::string project) {
    lone->provider().lose_answer();
    static_cast<void>(lone->create(project));
    co_await pass(lone, kOver);
}

// A copy is in service that is not whole yet, and is lost.
sim::Coroutine have_copy(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project, 1));
    co_await pass(lone, kSettled);
    lone->provider().copy_slowly();
    lone->provider().fill_beside(lone->provider().volumes().begin()->first);
    static_cast<void>(lone->roll(project));
    co_await pass(lone, kSettled);
    static_cast<void>(lone->retire(machine_id(project, 2)));
    co_await pass(lone, kOver);
    lone->provider().fill_beside("");
}

sim::Coroutine lose_copy(LoneLifecycle* lone, std::string project) {
    lone->provider().volumes().erase(std::prev(lone->provider().volumes().end()));
    static_cast<void>(lone->create(project, 1));
    co_await pass(lone, kOver);
}

sim::Coroutine snapshot_early(LoneLifecycle* lone, std::string project) {
    static_cast<void>(lone->create(project, 1));
    lone->snapshot(project);
    co_await pass(lone, kOver);
}

sim::Coroutine snapshot(LoneLifecycle* lone, std::string project) {
    lone->snapshot(project);
    co_await pass(lone, kOver);
}

}  // namespace

const std::vector<Situation>& situations() {
    static const std::vector<Situation> all = {
        {"making", "A machine is made.", false, nothing, make, kMakingEnds},
        {"making-with-volume", "A machine is made with a volume.", true, nothing, make_with_volume,
         kMakingWithVolumeEnds},
        {"replacing", "A machine takes another's place.", false, have_machine, replace,
         kReplacingEnds},
        {"replacing-with-volume", "A machine takes another's place and volume.", true,
         have_machine_with_volume, replace, kReplacingWithVolumeEnds},
        {"retiring", "A machine is retired.", false, have_machine, retire, kRetiringEnds},
        {"retiring-twice-made", "A machine is retired that was made twice.", false,
         have_machine_twice, retire, kRetiringEnds},
        {"restarting", "A machine is restarted.", false, have_machine, restart, kRestartingEnds},
        {"starting-again", "A machine in service has stopped.", false, have_machine, stop,
         kStartingAgainEnds},
        {"losing", "A machine in service is lost.", false, have_machine, lose, kLosingEnds},
        {"archiving", "A project with a volume is given up.", true, have_machine_with_volume,
         archive, kArchivingEnds},
        {"moving-volume", "A volume is copied to where there is room.", true,
         have_machine_with_volume, move, kMovingVolumeEnds},
        {"going-elsewhere", "A machine is made in another region.", true, nothing, go_elsewhere,
         kGoingElsewhereEnds},
        {"taking-over-name", "A machine is made whose name something has.", false, nothing,
         make_where_one_is, kTakingOverNameEnds},
        {"making-unheard", "A machine is made twice, and nobody hears of it.", false, nothing,
         make_unheard, kMakingUnheardEnds},
        {"losing-copy", "A volume is lost that was copied, and what it was copied from is there.",
         true, have_copy, lose_copy, kLosingCopyEnds, false},
        {"snapshotting-early", "A snapshot is asked for of a volume that is not made yet.", true,
         nothing, snapshot_early, kSnapshottingEarlyEnds, false},
        {"snapshotting", "A snapshot of a volume is made.", true, have_machine_with_volume,
         snapshot, kSnapshottingEnds},
    };
    return all;
}

}  // namespace scenarios
