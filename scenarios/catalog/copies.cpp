#include "scenarios/catalog/catalog.hpp"

// Volumes that move: what one holds is copied, and kept until the copy is whole and in service.
namespace scenarios {
namespace {

using std::chrono::minutes;

// There is no room beside a volume that holds data, which moves as a copy. The copy has time to be
// filled for `filled_within`, and then holds what the first machine wrote.
Script move_stranded(Stage stage, sim::Duration filled_within) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = stage.volume_of("alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string copy = stage.volume_of("alpha");
    stage.expect(copy != stranded, "the successor mounts another volume");
    co_await stage.sleep(filled_within);
    const auto& volumes = stage.fly().volumes();
    stage.expect(volumes.at(copy).holds.contains(first), "which holds what the first wrote");
}

Script volume_stranded(Stage stage) {
    co_await move_stranded(stage, minutes(30));
}

// The copy is in service long before it is filled: until then it depends on what it is a copy of.
Script copy_slowly_filled(Stage stage) {
    stage.fly().options().hydrate_delay = minutes(100);
    co_await move_stranded(stage, minutes(150));
}

// The host of a volume is full, in the words that are used for any full host. Whether that is got
// over shows in the last demand of the run.
Script volume_host_full(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    stage.fly().options().crowded_volumes.insert(stage.volume_of("alpha"));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool active = co_await stage.until(second, "active", minutes(30));
    static_cast<void>(active);
    co_await stage.sleep(minutes(30));
}

// No copy can be made anywhere: the machine fails, and the volume is what it was.
Script copy_refused(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = stage.volume_of("alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    stage.fly().options().full_of_volumes = true;
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(30));
    stage.expect(failed, "the machine fails");
    stage.fly().options().stranded_volumes.clear();
    co_await stage.sleep(minutes(70));
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    stage.expect(stage.volume_of("alpha") == stranded, "the next mounts the volume itself");
    stage.fly().options().full_of_volumes = false;
}

// A copy is asked for, and the request comes to nothing without an answer that says so: what is
// asked for in its place is a copy too.
Script copy_asked_and_lost(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = stage.volume_of("alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    stage.fly().options().lost_volumes = 1;
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string copy = stage.volume_of("alpha");
    stage.expect(stage.fly().options().lost_volumes == 0, "a copy was asked for");
    co_await stage.sleep(minutes(40));
    stage.expect(stage.fly().volumes().at(copy).holds.contains(first),
                 "the copy holds what the first wrote");
}

// A copy that is in service, and not filled yet, has to move itself: it can be copied only once it
// is whole, although its provider would do so at once.
Script copy_moved_again(Stage stage) {
    stage.fly().options().hydrate_delay = minutes(8);
    stage.fly().options().fork_half_filled = true;
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    stage.fly().options().stranded_volumes.insert(stage.volume_of("alpha"));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.fly().options().stranded_volumes.insert(stage.volume_of("alpha"));
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    const std::string copy = stage.volume_of("alpha");
    co_await stage.sleep(minutes(60));
    const auto& holds = stage.fly().volumes().at(copy).holds;
    stage.expect(holds.contains(first) && holds.contains(second),
                 "the last copy holds what both wrote");
}

// The same, where the provider launched the first machine without being asked to start it.
Script volume_written_early(Stage stage) {
    stage.fly().options().launch_eagerly = true;
    co_await move_stranded(stage, minutes(30));
}

// A copy is mounted by a machine that never comes up, and is lost at the provider: what it was
// copied from holds the data, and is mounted again. That shows in the last demand of the run.
Script copy_lost_before_service(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    stage.fly().options().stranded_volumes.insert(stage.volume_of("alpha"));
    stage.fly().options().fail_launches = true;
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(40));
    stage.expect(failed, "the machine that mounts the copy fails");
    co_await stage.sleep(minutes(10));
    stage.fly().destroy_by_hand(stage.volume_of("alpha"));
    stage.fly().options().stranded_volumes.clear();
    stage.fly().options().fail_launches = false;
}

}  // namespace

std::vector<Scenario> copies() {
    return {
        {"volume-stranded",
         "There is no room beside a volume that holds data: it is copied, and nothing is lost.",
         {},
         false,
         minutes(200),
         volume_stranded,
         {"provider.error capacity_volume", "volume.moved"}},
        {"volume-written-early",
         "A machine that started by itself has written to a volume: it counts as used.",
         {},
         false,
         minutes(200),
         volume_written_early,
         {"volume.moved"}},
        {"copy-slowly-filled",
         "A copy is in service long before it is filled: what it is a copy of stays until then.",
         {},
         false,
         minutes(290),
         copy_slowly_filled,
         {"volume.moved"}},
        {"volume-host-full",
         "The host of a volume that holds data is full, in the words for any full host: it moves.",
         {},
         false,
         minutes(110),
         volume_host_full,
         {"provider.error capacity_host", "volume.moved"}},
        {"copy-refused",
         "No copy of a stranded volume can be made: the machine fails, the volume is what it was.",
         {},
         false,
         minutes(220),
         copy_refused,
         {"machine.state starting->failed"}},
        {"copy-asked-and-lost",
         "A copy is asked for, and the request is lost: another copy takes its place, and never an "
         "empty volume.",
         {},
         false,
         minutes(140),
         copy_asked_and_lost,
         {"volume.moved"}},
        {"copy-moved-again",
         "A copy has to move before it is filled: it is copied once it is whole.",
         {},
         false,
         minutes(200),
         copy_moved_again,
         {"volume.moved"}},
        {"copy-lost-before-service",
         "A copy is lost before any machine served with it: what it was copied from is the "
         "project's volume again.",
         {},
         false,
         minutes(140),
         copy_lost_before_service,
         {"machine.state starting->failed", "volume.returned"}},
    };
}

}  // namespace scenarios
