#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/net/network.hpp"
#include "system/model/json.hpp"
#include "system/model/volume.hpp"
#include "system/ports/http.hpp"

// The volumes of projects: nobody's data is ever lost, doubled or replaced by nothing.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

int usable_volumes(Stage stage) {
    int usable = 0;
    for (const CloudVolume& volume : stage.cluster().volumes()) usable += volume.leaving ? 0 : 1;
    return usable;
}

// A successor mounts the volume of the machine that it replaces.
Script volume_handed_over(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = stage.volume_of("alpha");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(stage.volume_of("alpha") == volume, "the successor mounts the same volume");
    stage.expect(usable_volumes(stage) == 1, "and there is no other");
}

// The host of a machine and its volume is out of reach: the next machine cannot have the volume,
// and says so, until the host is back.
Script volume_host_lost(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = stage.volume_of("alpha");
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
    stage.expect(stage.volume_of("alpha") == volume, "the next has the volume again");
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

// Each region is full as soon as a volume is there: one volume is left, for whatever comes next.
Script regions_fill(Stage stage) {
    stage.network().delay("fly", "server", std::chrono::milliseconds(500));
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    std::set<std::string>& full = stage.fly().options().full_regions;
    for (int i = 0; i < 6000 && full.size() < 3; ++i) {
        for (const auto& [id, volume] : stage.fly().volumes()) full.insert(volume.region);
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    stage.expect(full.size() == 3, "a volume was made in each of the regions");
    const bool failed = co_await stage.until(machine, "failed", minutes(25));
    stage.expect(failed, "the machine fails");
    stage.expect(stage.fly().machines().empty(), "no machine was made");
    co_await stage.sleep(minutes(20));
    stage.expect(usable_volumes(stage) <= 1, "and one volume is left");
    full.clear();
    stage.network().delay("fly", "server", seconds(0));
    const std::string next = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(next);
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
    for (const auto& [key, record] : stage.cluster().consul().entries()) {
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
    const std::string volume = stage.volume_of("alpha");
    stage.cluster().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(stage.volume_of("alpha") == volume, "the successor mounts the same volume");
    stage.expect(usable_volumes(stage) == 1, "and no other was made");
}

// A project is archived while its volume is being made, and nobody hears that it was.
Script volume_asked_and_archived(Stage stage) {
    const std::string machine = co_await stage.create("alpha", "fly", 3);
    auto asked = [stage]() mutable {
        return std::ranges::any_of(stage.shadow().volumes(), [](const auto& volume) {
            return volume.second.state == lifecycle::VolumeState::asked;
        });
    };
    for (int i = 0; i < 10'000 && !asked(); ++i) {
        co_await stage.sleep(std::chrono::microseconds(300));
    }
    stage.network().delay("fly", "server", minutes(1));
    co_await stage.sleep(seconds(1));
    stage.expect(usable_volumes(stage) == 1, "the volume was made");
    co_await stage.archive("alpha");
    stage.network().delay("fly", "server", seconds(0));
    const bool archived = co_await stage.until(machine, "archived", minutes(30));
    stage.expect(archived, "its machine is archived");
    co_await stage.sleep(minutes(30));
    stage.expect(usable_volumes(stage) == 0, "and its volume is gone");
}

// Somebody forks a project's volume by hand, which gives the fork the volume's name.
boost::asio::awaitable<std::string> fork_by_hand(Stage stage, std::string volume) {
    const fakes::FlyVolume source = stage.fly().volumes().at(volume);
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/volumes";
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = lifecycle::json_text(
        json{{"name", source.name}, {"region", source.region}, {"source_volume_id", volume}});
    fakes::SimHttpClient http(stage.cluster().client());
    const auto made = co_await http.send(std::move(request), seconds(30));
    stage.expect(made && made->status == 200, "somebody made a fork");
    if (!made || made->status != 200) co_return std::string();
    co_return lifecycle::json_or_null(made->body).value("id", "");
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
    const std::string volume = stage.volume_of("alpha");
    const std::string fork = co_await fork_by_hand(stage, volume);
    co_await stage.sleep(minutes(30));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(stage.volume_of("alpha") == volume, "the project keeps its volume");
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(30));
    stage.expect(is_usable(stage, fork), "and the fork is still there");
}

// And when the store has lost which of the two is the project's, nobody guesses.
Script volume_ambiguous(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string volume = stage.volume_of("alpha");
    const std::string fork = co_await fork_by_hand(stage, volume);
    stage.cluster().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(second, "failed", minutes(40));
    stage.expect(failed, "the machine fails");
    stage.fly().destroy_by_hand(fork);
    const std::string third = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(third);
    stage.expect(stage.volume_of("alpha") == volume, "once there is one, that is it");
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
    stage.cluster().tamper("UPDATE volume SET external_id = '', state = 'asked'");
    co_await stage.archive("alpha");
    co_await stage.sleep(minutes(40));
    stage.expect(is_usable(stage, volume) && is_usable(stage, fork), "nobody guesses");
    stage.cluster().witnesses().tell(&Witness::on_named, volume);
    std::string word = lifecycle::json_text(json{{"destroy", json::array({volume})}});
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
    stage.fly().options().stranded_volumes.insert(stage.volume_of("alpha"));
    stage.cluster().tamper("UPDATE volume SET external_id = '', state = 'asked', used = 0");
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    co_await stage.sleep(minutes(30));
}

// Two projects whose names say the same of them in the names of volumes: each has its own volume.
Script volumes_of_like_names(Stage stage) {
    const std::string one = "tenant-97018";
    const std::string other = "tenant-180400";
    const std::string first = co_await stage.create(one, "fly", 3);
    const std::string second = co_await stage.create(other, "fly", 3);
    co_await stage.expect_active(first);
    co_await stage.expect_active(second);
    stage.expect(usable_volumes(stage) == 2, "there are two volumes");
    stage.expect(stage.volume_of(one) != stage.volume_of(other), "and each project has its own");
    const auto& volumes = stage.fly().volumes();
    stage.expect(volumes.at(stage.volume_of(one)).holds.contains(first), "the first writes to its");
    stage.expect(volumes.at(stage.volume_of(other)).holds.contains(second), "the second to its");
}

// The first machine is refused, so nobody has written to the volume; then that is lost. There is
// nothing to mourn: the last demand of the run gets a machine with another.
Script volume_never_written(Stage stage) {
    stage.fly().options().refuse_create = "invalid_argument: no such image";
    const std::string first = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(first, "failed", minutes(30));
    stage.expect(failed, "the machine fails");
    stage.fly().options().refuse_create.clear();
    const std::string volume = stage.volume_of("alpha");
    if (!volume.empty()) stage.fly().destroy_by_hand(volume);
}

// A machine is recreated, and nobody has asked for a snapshot of what its volume held.
Script volume_recreated(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const auto next = co_await stage.recreate("alpha");
    co_await stage.expect_active(next.machine);
    co_await stage.sleep(minutes(3));
    const auto& volumes = stage.fly().volumes();
    stage.expect(volumes.at(stage.volume_of("alpha")).snapshots == 1, "there is one all the same");
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
        {.name = "volume-handed-over",
         .sentence = "A successor mounts the volume of the machine that it replaces.",
         .faults = {},
         .at_most = minutes(70),
         .play = volume_handed_over,
         .sometimes = {"order machine.state active->detached < outbox.claimed project:route-end"}},
        {.name = "volume-host-lost",
         .sentence = "The host of a volume is out of reach: the next machine says so, and the one "
                     "after it, "
                     "when the host is back, has the volume.",
         .faults = {},
         .at_most = minutes(140),
         .play = volume_host_lost,
         .sometimes = {"starting->failed at the age of minutes"}},
        {.name = "volume-forked-by-hand",
         .sentence = "Somebody forks a volume, which gives the fork its name: it is left alone.",
         .faults = {},
         .at_most = minutes(150),
         .play = volume_forked_by_hand,
         .sometimes = {"reconcile.finding unknown-volume", "volume.state present->leaving"}},
        {.name = "volume-ambiguous",
         .sentence = "The id of a volume is lost, and there is a fork of its name: nobody guesses.",
         .faults = {},
         .at_most = minutes(140),
         .play = volume_ambiguous,
         .sometimes = {"starting->failed after no fault in machine:provision",
                       "order volume.present < volume.state asked->present"}},
        {.name = "volume-ambiguous-and-archived",
         .sentence = "The id of a volume that is to be destroyed is lost, and there is a fork of "
                     "its name: a "
                     "person says which it is.",
         .faults = {},
         .at_most = minutes(200),
         .play = volume_ambiguous_and_archived,
         .sometimes = {"reconcile.finding ambiguous-volume",
                       "order outbox.retry volume:destroy < outbox.claimed volume:destroy",
                       "order volume.state asked->leaving < volume.state leaving->gone"}},
        {.name = "volume-found-and-stranded",
         .sentence =
             "A volume that is found by its name may hold data, whatever the store remembers.",
         .faults = {},
         .at_most = minutes(140),
         .play = volume_found_and_stranded,
         .sometimes = {"order volume.present < volume.state asked->present",
                       "volume.present copy"}},
        {.name = "volume-never-written",
         .sentence = "A volume whose only machine was refused is lost: nothing is lost with it.",
         .faults = {},
         .at_most = minutes(90),
         .play = volume_never_written,
         .sometimes = {"provider.error permanent", "provider.error volume_gone"}},
        {.name = "region-full",
         .sentence = "A region is full: machine and volume go to the next.",
         .faults = {},
         .at_most = minutes(70),
         .play = region_full,
         .sometimes = {"provider.error capacity_region", "machine.region",
                       "order volume.state asked->planned < volume.state planned->asked"}},
        {.name = "regions-full",
         .sentence = "Every region is full: the machine fails, and leaves nothing behind.",
         .faults = {},
         .at_most = minutes(60),
         .play = regions_full,
         .sometimes = {"provider.error capacity_region",
                       "starting->failed after no fault in machine:deadline",
                       "volume.state planned->leaving"}},
        {.name = "regions-fill",
         .sentence = "Each region is full as soon as a volume is there: no volume is left behind.",
         .faults = {},
         .at_most = minutes(120),
         .play = regions_fill,
         .sometimes = {"provider.error capacity_region", "volume.moved",
                       "volume.state present->leaving", "machine.state starting->failed"}},
        {.name = "project-archived",
         .sentence = "A project is given up while its machine runs: first the machine goes, then "
                     "the volume.",
         .faults = {},
         .at_most = minutes(90),
         .play = project_archived,
         .sometimes = {"outbox.later volume:destroy",
                       "order volume.state present->leaving < volume.state leaving->gone"}},
        {.name = "volume-gone",
         .sentence =
             "A volume that reads still show cannot be mounted any more: another is made, once.",
         .faults = {},
         .at_most = minutes(70),
         .play = volume_gone,
         .sometimes = {"provider.error volume_gone",
                       "order volume.state present->leaving < volume.moved"}},
        {.name = "volume-asked-and-archived",
         .sentence = "A project is archived while its volume is being made: what was made is found "
                     "and goes.",
         .faults = {},
         .at_most = minutes(120),
         .play = volume_asked_and_archived,
         .sometimes = {"volume.state asked->leaving"}},
        {.name = "volume-id-lost",
         .sentence =
             "The store has lost the id of a volume that holds data: it is found by its name.",
         .faults = {},
         .at_most = minutes(70),
         .play = volume_id_lost,
         .sometimes = {"order volume.present < volume.state asked->present"}},
        {.name = "volumes-of-like-names",
         .sentence = "Two projects' volumes would have one name: the second gets another, and its "
                     "own volume.",
         .faults = {},
         .at_most = minutes(70),
         .play = volumes_of_like_names,
         .sometimes = {"volume.name-taken"}},
        {.name = "volume-recreated",
         .sentence = "A machine is recreated: what its volume held before is kept as a snapshot.",
         .faults = {},
         .at_most = minutes(70),
         .play = volume_recreated,
         .sometimes = {"outbox.done volume:snapshot"}},
        {.name = "snapshots-in-a-hurry",
         .sentence =
             "Everybody wants a snapshot of one volume at once, and its machine is recreated.",
         .faults = {},
         .at_most = minutes(90),
         .play = snapshots_in_a_hurry,
         .sometimes = {"outbox.later volume:snapshot", "machine.recreated"}},
    };
}

}  // namespace scenarios
