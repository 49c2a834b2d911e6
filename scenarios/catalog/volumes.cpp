#include "scenarios/catalog/catalog.hpp"

// The volumes of projects: nobody's data is ever lost, doubled or replaced by nothing.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

int usable_volumes(Stage stage) {
    int usable = 0;
    for (const CloudVolume& volume : stage.universe().volumes()) usable += volume.leaving ? 0 : 1;
    return usable;
}

std::string volume_id(Stage stage, const std::string& project) {
    for (const auto& [name, volume] : stage.shadow().volumes()) {
        if (volume.project == project && volume.state == "present") return volume.external_id;
    }
    return {};
}

// A successor mounts the volume of the machine that it replaces.
Script volume_handed_over(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = volume_id(stage, "alpha");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(volume_id(stage, "alpha") == volume, "the successor mounts the same volume");
    stage.expect(usable_volumes(stage) == 1, "and there is no other");
}

// There is no room beside a volume that holds data: it moves as a copy.
Script volume_stranded(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = volume_id(stage, "alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string copy = volume_id(stage, "alpha");
    stage.expect(copy != stranded, "the successor mounts another volume");
    const auto& volumes = stage.fly().volumes();
    stage.expect(volumes.at(copy).content == first, "which holds what the first machine wrote");
    // Time for the old one to go, which the last account looks at.
    co_await stage.sleep(minutes(90));
}

// The same, where the provider launched the first machine without being asked to start it.
Script volume_written_early(Stage stage) {
    stage.fly().options().launch_eagerly = true;
    co_await volume_stranded(stage);
}

// The region is full: machine and volume go to the next.
Script region_full(Stage stage) {
    stage.fly().options().full_regions.insert("ams");
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    const std::string mounted = co_await stage.create("beta", "fly", 3);
    co_await stage.expect_active(mounted);
    for (const auto& [id, resource] : stage.fly().machines()) {
        stage.expect(resource.region != "ams", "nothing is made where there is no room");
    }
}

// Every region is full: the machine fails, and leaves nothing behind.
Script regions_full(Stage stage) {
    stage.fly().options().full_regions = {"ams", "fra", "cdg"};
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails");
    stage.expect(stage.fly().machines().empty(), "no machine was made");
    stage.fly().options().full_regions.clear();
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(20));
    stage.expect(usable_volumes(stage) == 0, "and no volume is left");
}

// A project is given up while its machine runs: first the machine goes, then the volume.
Script project_archived(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    co_await stage.archive("alpha");
    const bool archived = co_await stage.until(machine, "archived", minutes(40));
    stage.expect(archived, "the machine is archived");
    co_await stage.sleep(minutes(10));
    stage.expect(usable_volumes(stage) == 0, "its volume is gone too");
    for (const auto& [key, record] : stage.universe().consul().entries()) {
        stage.expect(record.value.find(machine) == std::string::npos, "and nothing leads to it");
    }
}

// A volume that was never used is destroyed behind our back: reads still show it, and no machine
// can mount it. Another is made, once.
Script volume_gone(Stage stage) {
    stage.fly().options().vanishing_volumes = 1;
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(machine);
    stage.expect(usable_volumes(stage) == 1, "one other volume was made");
}

// The store has lost the id of a volume that holds data: it is found again by its name.
Script volume_id_lost(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = volume_id(stage, "alpha");
    stage.universe().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(volume_id(stage, "alpha") == volume, "the successor mounts the same volume");
    stage.expect(usable_volumes(stage) == 1, "and no other was made");
}

// Everybody wants a snapshot at once, and the machine is recreated twice in between.
Script snapshots_in_a_hurry(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 4; ++i) {
            const auto asked = co_await stage.call("POST", "/v1/projects/alpha/snapshot", "{}");
            stage.expect(!asked || asked->status == 202, "a snapshot is asked for");
            co_await stage.sleep(seconds(2));
        }
        const auto next = co_await stage.recreate("alpha");
        co_await stage.expect_active(next.machine);
    }
    co_await stage.sleep(minutes(3));
    int made = 0;
    for (const auto& [id, volume] : stage.fly().volumes()) made += volume.snapshots;
    stage.expect(made >= 3 && made <= 9, "there are some, and fewer than were asked for");
}

}  // namespace

std::vector<Scenario> volumes() {
    return {
        {"volume-handed-over",
         "A successor mounts the volume of the machine that it replaces.",
         {},
         false,
         minutes(70),
         volume_handed_over,
         {"provider.error busy"}},
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
        {"region-full",
         "A region is full: machine and volume go to the next.",
         {},
         false,
         minutes(70),
         region_full,
         {"provider.error capacity_region", "machine.region"}},
        {"regions-full",
         "Every region is full: the machine fails, and leaves nothing behind.",
         {},
         false,
         minutes(60),
         regions_full,
         {"machine.state starting->failed", "provider.error capacity_region"}},
        {"project-archived",
         "A project is given up while its machine runs: first the machine goes, then the volume.",
         {},
         false,
         minutes(90),
         project_archived,
         {"machine.state detached->archived"}},
        {"volume-gone",
         "A volume that reads still show cannot be mounted any more: another is made, once.",
         {},
         false,
         minutes(70),
         volume_gone,
         {"provider.error volume_gone"}},
        {"volume-id-lost",
         "The store has lost the id of a volume that holds data: it is found by its name.",
         {},
         false,
         minutes(70),
         volume_id_lost},
        {"snapshots-in-a-hurry",
         "Everybody wants a snapshot of one volume at once, and its machine is recreated.",
         {},
         false,
         minutes(90),
         snapshots_in_a_hurry},
    };
}

}  // namespace scenarios
