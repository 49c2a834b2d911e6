#include <nlohmann/json.hpp>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"
#include "system/ports/http.hpp"

// Volumes that move: what one holds is copied, and kept until the copy is whole and in service.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

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

// The host of the copy is full too, before any machine has mounted it: what takes its place is a
// copy of the same volume, and no empty one.
Script copy_moved_before_its_first_machine(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = stage.volume_of("alpha");
    std::string copy = stranded;  // its provider numbers what it makes
    ++copy.back();
    stage.fly().options().stranded_volumes = {stranded, copy};
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    stage.expect(stage.fly().volumes().contains(copy) && stage.volume_of("alpha") != copy,
                 "the copy has moved");
    co_await stage.sleep(minutes(30));
}

// A machine has moved to a copy that is still being filled; the name of the machine.
boost::asio::awaitable<std::string> serve_from_unfilled_copy(Stage stage) {
    stage.fly().options().hydrate_delay = minutes(100);
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    stage.fly().options().stranded_volumes.insert(stage.volume_of("alpha"));
    std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    co_return second;
}

// The next machine fails while the copy is being filled, which holds what was written to it since:
// the copy stays the project's volume.
Script successor_fails_beside_copy(Stage stage) {
    const std::string second = co_await serve_from_unfilled_copy(stage);
    const std::string copy = stage.volume_of("alpha");
    stage.fly().options().fail_launches = true;
    const std::string third = co_await stage.create("alpha", "fly", 3);
    const bool failed = co_await stage.until(third, "failed", minutes(40));
    stage.expect(failed, "the successor fails");
    stage.fly().options().fail_launches = false;
    const std::string fourth = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(fourth);
    co_await stage.sleep(minutes(120));
    stage.expect(stage.fly().volumes().at(copy).holds.contains(second),
                 "the copy holds what was written to it");
}

// Somebody has a hand at the provider; the id of the machine that the answer names.
boost::asio::awaitable<std::string> by_hand(Stage stage, std::string method, std::string target,
                                            std::string body) {
    lifecycle::HttpRequest request;
    request.method = std::move(method);
    request.authority = kFlyAuthority;
    request.target = "/v1/apps/vivarium/machines" + target;
    request.headers["Authorization"] = "Bearer fly-token";
    request.body = std::move(body);
    fakes::SimHttpClient http(stage.cluster().client());
    const auto answer = co_await http.send(std::move(request), seconds(30));
    stage.expect(answer && answer->status == 200, "somebody's request is granted");
    if (!answer || answer->status != 200) co_return std::string();
    co_return lifecycle::json_or_null(answer->body).value("id", "");
}

// Between the decision to copy a volume and the copy, somebody mounts it: it is copied when they
// are done with it.
Script copied_at_rest(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const std::string stranded = stage.volume_of("alpha");
    stage.fly().options().stranded_volumes.insert(stranded);
    const std::string second = co_await stage.create("alpha", "fly", 3);
    while (stage.volume_of("alpha") == stranded) co_await stage.sleep(milliseconds(50));
    stage.fly().options().stranded_volumes.clear();
    const json mounts = json::array({{{"volume", stranded}, {"path", "/data"}}});
    const json config = {{"image", "registry.fly.io/rescue:1"}, {"mounts", mounts}};
    std::string body =
        lifecycle::json_text(json{{"name", "rescue"}, {"config", config}, {"skip_launch", true}});
    const std::string rescue = co_await by_hand(stage, "POST", "", std::move(body));
    co_await stage.sleep(minutes(3));
    stage.expect(stage.volume_of("alpha").empty(), "nothing is copied meanwhile");
    co_await by_hand(stage, "DELETE", "/" + rescue + "?force=true", "");
    co_await stage.expect_active(second);
}

// A project is archived while it still keeps what its volume was copied from: both go.
Script archived_beside_copy(Stage stage) {
    const std::string second = co_await serve_from_unfilled_copy(stage);
    co_await stage.archive("alpha");
    const bool archived = co_await stage.until(second, "archived", minutes(40));
    stage.expect(archived, "its machine is archived");
    co_await stage.sleep(minutes(30));
}

}  // namespace

std::vector<Scenario> copies() {
    return {
        {.name = "volume-stranded",
         .sentence =
             "There is no room beside a volume that holds data: it is copied, and nothing is lost.",
         .faults = {},
         .at_most = minutes(200),
         .play = volume_stranded,
         .sometimes = {"provider.error capacity_volume", "volume.present copy"}},
        {.name = "volume-written-early",
         .sentence = "A machine that started by itself has written to a volume: it counts as used.",
         .faults = {},
         .at_most = minutes(200),
         .play = volume_written_early,
         .sometimes = {"provider.error capacity_volume", "volume.present copy"}},
        {.name = "copy-slowly-filled",
         .sentence = "A copy is in service long before it is filled: what it is a copy of stays "
                     "until then.",
         .faults = {},
         .at_most = minutes(290),
         .play = copy_slowly_filled,
         .sometimes = {"volume.present copy",
                       "order outbox.later volume:release < outbox.claimed volume:release"}},
        {.name = "volume-host-full",
         .sentence = "The host of a volume that holds data is full, in the words for any full "
                     "host: it moves.",
         .faults = {},
         .at_most = minutes(110),
         .play = volume_host_full,
         .sometimes = {"provider.error capacity_host", "volume.present copy"}},
        {.name = "copy-refused",
         .sentence = "No copy of a stranded volume can be made: the machine fails, the volume is "
                     "what it was.",
         .faults = {},
         .at_most = minutes(220),
         .play = copy_refused,
         .sometimes = {"provider.error capacity_volume", "volume.state superseded->present"}},
        {.name = "copy-asked-and-lost",
         .sentence = "A copy is asked for, and the request is lost: another copy takes its place, "
                     "and never an "
                     "empty volume.",
         .faults = {},
         .at_most = minutes(140),
         .play = copy_asked_and_lost,
         .sometimes = {"order volume.state planned->asked < volume.state asked->leaving",
                       "volume.present copy"}},
        {.name = "copy-moved-again",
         .sentence = "A copy has to move before it is filled: it is copied once it is whole.",
         .faults = {},
         .at_most = minutes(200),
         .play = copy_moved_again,
         .sometimes = {"order volume.present copy < volume.state present->superseded",
                       "order outbox.later volume:release < outbox.claimed volume:release"}},
        {.name = "copy-lost-before-service",
         .sentence =
             "A copy is lost before any machine served with it: what it was copied from is the "
             "project's volume again.",
         .faults = {},
         .at_most = minutes(140),
         .play = copy_lost_before_service,
         .sometimes = {"machine.state starting->failed", "volume.returned"}},
        {.name = "copy-moved-before-its-first-machine",
         .sentence = "There is no room beside a copy either, before any machine has mounted it: it "
                     "moves as a "
                     "copy.",
         .faults = {},
         .at_most = minutes(140),
         .play = copy_moved_before_its_first_machine,
         .sometimes = {"provider.error capacity_volume", "volume.moved",
                       "volume.state present->leaving"}},
        {.name = "successor-fails-beside-copy",
         .sentence =
             "A machine fails whose volume is a copy that is still being filled: the copy stays.",
         .faults = {},
         .at_most = minutes(260),
         .play = successor_fails_beside_copy,
         .sometimes = {"machine.state starting->failed", "volume.moved"}},
        {.name = "copied-at-rest",
         .sentence =
             "A volume that is to be copied is mounted by somebody: it is copied afterwards.",
         .faults = {},
         .at_most = minutes(100),
         .play = copied_at_rest,
         .sometimes = {"volume.moved"}},
        {.name = "archived-beside-copy",
         .sentence = "A project is archived that keeps what its volume was copied from: both are "
                     "destroyed.",
         .faults = {},
         .at_most = minutes(150),
         .play = archived_beside_copy,
         .sometimes = {"volume.state superseded->leaving", "volume.state present->leaving"}},
    };
}

}  // namespace scenarios
