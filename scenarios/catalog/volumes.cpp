#include <nlohmann/json.hpp>

#include "fakes/sim_ports.hpp"
#include "scenarios/catalog/catalog.hpp"

// The volumes of projects: nobody's data is ever lost, doubled or replaced by nothing.
namespace scenarios {
namespace {

using lifecycle::VolumeState;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

int usable_volumes(Stage stage) {
    int usable = 0;
    for (const CloudVolume& volume : stage.universe().volumes()) usable += volume.leaving ? 0 : 1;
    return usable;
}

std::string volume_id(Stage stage, const std::string& project) {
    for (const auto& [name, volume] : stage.shadow().volumes()) {
        if (volume.project == project && volume.state == VolumeState::present)
            return volume.external_id;
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

// There is no room beside a volume that holds data, which moves as a copy. The copy has time to be
// filled for `filled_within`, and then holds what the first machine wrote.
Script move_stranded(Stage stage, sim::Duration filled_within) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = volume_id(stage, "alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string copy = volume_id(stage, "alpha");
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
    stage.fly().options().crowded_volumes.insert(volume_id(stage, "alpha"));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool active = co_await stage.until(second, "active", minutes(30));
    static_cast<void>(active);
    co_await stage.sleep(minutes(30));
}

// No copy can be made anywhere: the machine fails, and the volume is what it was.
Script copy_refused(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = volume_id(stage, "alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    stage.fly().options().full_of_volumes = true;
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(30));
    stage.expect(failed, "the machine fails");
    stage.fly().options().stranded_volumes.clear();
    co_await stage.sleep(minutes(70));
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    stage.expect(volume_id(stage, "alpha") == stranded, "the next mounts the volume itself");
    stage.fly().options().full_of_volumes = false;
}

// A copy is asked for, and the request comes to nothing without an answer that says so: what is
// asked for in its place is a copy too.
Script copy_asked_and_lost(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = volume_id(stage, "alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    stage.fly().options().lost_volumes = 1;
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string copy = volume_id(stage, "alpha");
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
    stage.fly().options().stranded_volumes.insert(volume_id(stage, "alpha"));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.fly().options().stranded_volumes.insert(volume_id(stage, "alpha"));
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    const std::string copy = volume_id(stage, "alpha");
    co_await stage.sleep(minutes(60));
    const auto& holds = stage.fly().volumes().at(copy).holds;
    stage.expect(holds.contains(first) && holds.contains(second),
                 "the last copy holds what both wrote");
}

// The host of a machine and its volume is out of reach: the next machine cannot have the volume,
// and says so, until the host is back.
Script volume_host_lost(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = volume_id(stage, "alpha");
    stage.fly().lose_host(volume);
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(40));
    stage.expect(failed, "the machine fails");
    const std::string why = co_await stage.last_error("alpha");
    stage.expect(why.empty() || why.find(volume) != std::string::npos,
                 "and the project says which volume cannot be reached");
    stage.fly().return_host(volume);
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    stage.expect(volume_id(stage, "alpha") == volume, "the next has the volume again");
}

// The same, where the provider launched the first machine without being asked to start it.
Script volume_written_early(Stage stage) {
    stage.fly().options().launch_eagerly = true;
    co_await move_stranded(stage, minutes(30));
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

// Somebody forks a project's volume by hand, which gives the fork the volume's name.
boost::asio::awaitable<std::string> fork_by_hand(Stage stage, std::string volume) {
    const fakes::FlyVolume source = stage.fly().volumes().at(volume);
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/volumes";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body =
        json{{"name", source.name}, {"region", source.region}, {"source_volume_id", volume}}.dump();
    fakes::SimHttpClient http(stage.universe().client());
    const auto made = co_await http.send(std::move(request), seconds(30));
    stage.expect(made && made->status == 200, "somebody made a fork");
    if (!made || made->status != 200) co_return std::string();
    co_return json::parse(made->body).value("id", "");
}

bool is_usable(Stage stage, const std::string& id) {
    const auto found = stage.fly().volumes().find(id);
    return found != stage.fly().volumes().end() && found->second.state != "pending_destroy";
}

// A fork that somebody made by hand is neither taken for ours nor destroyed, not even when the
// project is given up.
Script volume_forked_by_hand(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = volume_id(stage, "alpha");
    const std::string fork = co_await fork_by_hand(stage, volume);
    co_await stage.sleep(minutes(30));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(volume_id(stage, "alpha") == volume, "the project keeps its volume");
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(30));
    stage.expect(is_usable(stage, fork), "and the fork is still there");
}

// And when the store has lost which of the two is the project's, nobody guesses.
Script volume_ambiguous(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = volume_id(stage, "alpha");
    const std::string fork = co_await fork_by_hand(stage, volume);
    stage.universe().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(40));
    stage.expect(failed, "the machine fails");
    stage.fly().destroy_by_hand(fork);
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    stage.expect(volume_id(stage, "alpha") == volume, "once there is one, that is it");
}

// The same, and the project is given up: neither is destroyed until a person says which.
Script volume_ambiguous_and_archived(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = stage.fly().volumes().begin()->first;
    const std::string fork = co_await fork_by_hand(stage, volume);
    co_await stage.retire(first);
    const bool archived = co_await stage.until(first, "archived", minutes(30));
    stage.expect(archived, "the machine is gone, and the volume is free");
    stage.universe().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(40));
    stage.expect(is_usable(stage, volume) && is_usable(stage, fork), "nobody guesses");
    stage.universe().witness().on_named(volume);
    std::string word = json{{"destroy", json::array({volume})}}.dump();
    const auto named = co_await stage.call("POST", "/v1/reconcile", std::move(word));
    stage.expect(named && named->status == 200, "a person names one");
    co_await stage.sleep(minutes(60));
    stage.expect(!is_usable(stage, volume), "which is destroyed");
    stage.expect(is_usable(stage, fork), "and the other is left alone");
}

// The store is restored from when the volume was about to be made: what is found by its name holds
// data, and moves as such.
Script volume_found_and_stranded(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    co_await stage.retire(first);
    const bool archived = co_await stage.until(first, "archived", minutes(30));
    stage.expect(archived, "the machine is gone, and the volume is free");
    stage.fly().options().stranded_volumes.insert(volume_id(stage, "alpha"));
    stage.universe().tamper("UPDATE volume SET external_id = '', state = 'asked', used = 0");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    co_await stage.sleep(minutes(30));
}

// The first machine is refused, so nobody has written to the volume; then that is lost. There is
// nothing to mourn: the last demand of the run gets a machine with another.
Script volume_never_written(Stage stage) {
    stage.fly().options().refuse_create = "invalid_argument: no such image";
    const std::string first = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(first, "failed", minutes(30));
    stage.expect(failed, "the machine fails");
    stage.fly().options().refuse_create.clear();
    const std::string volume = volume_id(stage, "alpha");
    if (!volume.empty()) stage.fly().destroy_by_hand(volume);
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
         {"order machine.state active->detached < outbox.claimed project:route-end"}},
        {"volume-stranded",
         "There is no room beside a volume that holds data: it is copied, and nothing is lost.",
         {},
         false,
         minutes(200),
         volume_stranded,
         {"provider.error capacity_volume", "volume.present copy"}},
        {"volume-written-early",
         "A machine that started by itself has written to a volume: it counts as used.",
         {},
         false,
         minutes(200),
         volume_written_early,
         {"provider.error capacity_volume", "volume.present copy"}},
        {"copy-slowly-filled",
         "A copy is in service long before it is filled: what it is a copy of stays until then.",
         {},
         false,
         minutes(290),
         copy_slowly_filled,
         {"volume.present copy",
          "order outbox.later volume:release < outbox.claimed volume:release"}},
        {"volume-host-full",
         "The host of a volume that holds data is full, in the words for any full host: it moves.",
         {},
         false,
         minutes(110),
         volume_host_full,
         {"provider.error capacity_host", "volume.present copy"}},
        {"copy-refused",
         "No copy of a stranded volume can be made: the machine fails, the volume is what it was.",
         {},
         false,
         minutes(220),
         copy_refused,
         {"provider.error capacity_volume", "volume.state superseded->present"}},
        {"copy-asked-and-lost",
         "A copy is asked for, and the request is lost: another copy takes its place, and never an "
         "empty volume.",
         {},
         false,
         minutes(140),
         copy_asked_and_lost,
         {"order volume.state planned->asked < volume.state asked->leaving",
          "volume.present copy"}},
        {"copy-moved-again",
         "A copy has to move before it is filled: it is copied once it is whole.",
         {},
         false,
         minutes(200),
         copy_moved_again,
         {"order volume.present copy < volume.state present->superseded",
          "order outbox.later volume:release < outbox.claimed volume:release"}},
        {"volume-host-lost",
         "The host of a volume is out of reach: the next machine says so, and the one after it, "
         "when the host is back, has the volume.",
         {},
         false,
         minutes(140),
         volume_host_lost,
         {"starting->failed at the age of minutes"}},
        {"volume-forked-by-hand",
         "Somebody forks a volume, which gives the fork its name: it is left alone.",
         {},
         false,
         minutes(150),
         volume_forked_by_hand,
         {"reconcile.finding unknown-volume", "volume.state present->leaving"}},
        {"volume-ambiguous",
         "The id of a volume is lost, and there is a fork of its name: nobody guesses.",
         {},
         false,
         minutes(140),
         volume_ambiguous,
         {"starting->failed after no fault in machine:provision",
          "order volume.present < volume.state asked->present"}},
        {"volume-ambiguous-and-archived",
         "The id of a volume that is to be destroyed is lost, and there is a fork of its name: a "
         "person says which it is.",
         {},
         false,
         minutes(200),
         volume_ambiguous_and_archived,
         {"reconcile.finding ambiguous-volume",
          "order outbox.retry volume:destroy < outbox.claimed volume:destroy",
          "order volume.state asked->leaving < volume.state leaving->gone"}},
        {"volume-found-and-stranded",
         "A volume that is found by its name may hold data, whatever the store remembers.",
         {},
         false,
         minutes(140),
         volume_found_and_stranded,
         {"order volume.present < volume.state asked->present", "volume.present copy"}},
        {"volume-never-written",
         "A volume whose only machine was refused is lost: nothing is lost with it.",
         {},
         false,
         minutes(90),
         volume_never_written,
         {"provider.error permanent", "provider.error volume_gone"}},
        {"region-full",
         "A region is full: machine and volume go to the next.",
         {},
         false,
         minutes(70),
         region_full,
         {"provider.error capacity_region", "machine.region",
          "order volume.state asked->planned < volume.state planned->asked"}},
        {"regions-full",
         "Every region is full: the machine fails, and leaves nothing behind.",
         {},
         false,
         minutes(60),
         regions_full,
         {"provider.error capacity_region", "starting->failed after no fault in machine:deadline",
          "volume.state planned->leaving"}},
        {"project-archived",
         "A project is given up while its machine runs: first the machine goes, then the volume.",
         {},
         false,
         minutes(90),
         project_archived,
         {"outbox.later volume:destroy",
          "order volume.state present->leaving < volume.state leaving->gone"}},
        {"volume-gone",
         "A volume that reads still show cannot be mounted any more: another is made, once.",
         {},
         false,
         minutes(70),
         volume_gone,
         {"provider.error volume_gone", "order volume.state present->leaving < volume.moved"}},
        {"volume-id-lost",
         "The store has lost the id of a volume that holds data: it is found by its name.",
         {},
         false,
         minutes(70),
         volume_id_lost,
         {"order volume.present < volume.state asked->present"}},
        {"snapshots-in-a-hurry",
         "Everybody wants a snapshot of one volume at once, and its machine is recreated.",
         {},
         false,
         minutes(90),
         snapshots_in_a_hurry,
         {"outbox.later volume:snapshot", "machine.recreated"}},
    };
}

}  // namespace scenarios
