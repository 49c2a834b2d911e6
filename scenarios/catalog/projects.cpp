#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/catalog/parts.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// Projects as a whole: what they say is wrong with them, how they end, and who asks for machines.
namespace scenarios {
namespace {

using lifecycle::MachineState;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// The subjects of the project's open errors, or of all that it ever had, newest first.
boost::asio::awaitable<std::vector<std::string>> subjects(Stage stage, std::string project,
                                                          bool ever = false) {
    std::string target = "/v1/projects/" + project + (ever ? "/errors" : "");
    const auto answer = co_await stage.call("GET", std::move(target));
    std::vector<std::string> found;
    if (!answer || answer->status != 200) co_return found;
    const json body = lifecycle::json_or_null(answer->body);
    const json& errors = ever ? body["errors"] : body["project"]["errors"];
    for (const json& error : errors) found.push_back(error["subject"]);
    co_return found;
}

// A machine fails while another serves; then strangers want to be the one that serves; then all is
// well again.
Script errors_end(Stage stage) {
    using Subjects = std::vector<std::string>;
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.fly().options().refuse_create = "invalid_argument: image not found";
    const std::string second = co_await stage.create("alpha");
    const bool failed = co_await stage.until(second, "failed", minutes(25));
    stage.expect(failed, "a machine that cannot be made fails");
    stage.fly().options().refuse_create.clear();
    for (int i = 0; i < 5; ++i) {
        const int refused = co_await stage.introduce(first, "not its secret");
        stage.expect(refused == 401, "a stranger is refused");
        co_await stage.sleep(seconds(1));
    }
    const std::string error = co_await stage.last_error("alpha");
    stage.expect(error.find("image not found") != std::string::npos,
                 "what a stranger does hides nothing");
    co_await stage.sleep(minutes(10));
    const Subjects open = co_await subjects(stage, "alpha");
    stage.expect(open == Subjects{"machine"}, "a box that proves itself ends what strangers left");
    const std::string third = co_await stage.create("alpha");
    co_await stage.expect_active(third);
    const Subjects left = co_await subjects(stage, "alpha");
    stage.expect(left.empty(), "a healthy project has no error");
    const Subjects all = co_await subjects(stage, "alpha", true);
    stage.expect(all == Subjects({"registration", "machine"}), "and its history has all");
}

// A project that is given up while work waits and pushes come: it stays so, until a person wants it
// back.
Script archived_for_good(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const auto bound = co_await stage.call("PUT", "/v1/projects/alpha/github",
                                           R"({"repository": "acme/app", "branch": "main"})");
    stage.expect(bound && bound->status == 200, "a repository is bound");
    stage.boxes().options(first).hung = true;
    const std::string work = co_await stage.delegate("alpha", 14'400);
    static_cast<void>(work);
    co_await stage.sleep(minutes(2));
    co_await stage.archive("alpha");
    Stage::Push push{"acme/app", "c0ffee"};
    const int heard = co_await stage.push(std::move(push));
    stage.expect(heard == 202, "a push is heard");
    const auto recreated = co_await stage.recreate("alpha");
    stage.expect(recreated.machine.empty(), "there is nothing to recreate");
    const std::string refused = co_await stage.delegate("alpha", 600);
    stage.expect(refused.empty(), "work is refused");
    co_await stage.sleep(minutes(30));
    const std::string second = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(second);
    const std::string more = co_await stage.delegate("alpha", 600);
    const bool processed =
        co_await stage.until_delegation(more, lifecycle::DelegationState::processed, minutes(5));
    stage.expect(processed, "a project that was asked for again works again");
}

Script make_one(Stage stage, std::string project) {
    const std::string machine = co_await stage.create(project, "fly", 3);
    stage.expect(!machine.empty(), "a machine is asked for");
}

// Whether or not there is anything yet to give up.
Script give_up(Stage stage, std::string project) {
    const auto answer = co_await stage.call("POST", "/v1/projects/" + project + "/archive", "{}");
    stage.expect(answer && (answer->status == 202 || answer->status == 404),
                 "a project is archived, or not there");
}

// Projects are given up while their machines and volumes are being made, some in the very moment in
// which that begins: nothing has failed, and nothing is left.
Script archived_while_provisioned(Stage stage) {
    constexpr int kProjects = 12;
    auto left = std::make_shared<int>(0);
    const auto ended = [left](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
        --*left;
    };
    const auto executor = stage.cluster().client().executor();
    for (int i = 0; i < kProjects; ++i) {
        const std::string project = "alpha" + std::to_string(i);
        stage.network().hold("client", "server");
        *left = 2;
        boost::asio::co_spawn(executor, make_one(stage, project), ended);
        boost::asio::co_spawn(executor, give_up(stage, project), ended);
        co_await stage.sleep(seconds(1));
        stage.network().release("client", "server");
        while (*left > 0) co_await stage.sleep(seconds(1));
        co_await stage.sleep(seconds(i));
        co_await stage.archive(project);
    }
    co_await stage.sleep(minutes(30));
    for (const auto& [id, machine] : stage.shadow().machines()) {
        stage.expect(machine.state == MachineState::archived, "every machine is archived");
        stage.expect(stage.count(id) == 0, "its resource is gone");
    }
    for (const CloudVolume& volume : stage.cluster().volumes()) {
        stage.expect(volume.leaving, "and so is its volume");
    }
    for (const auto& [id, event] : stage.shadow().events()) {
        stage.expect(event.state != "dead", "and no event has died of that");
    }
}

// A push every minute, and a machine takes three to boot; one of them takes too long, and fails
// while the next waits.
Script pushes_faster_than_boots(Stage stage) {
    constexpr int kPushes = 18;
    const std::string first = co_await stage.create_slow("alpha", 300);
    co_await stage.expect_active(first);
    const auto bound = co_await stage.call("PUT", "/v1/projects/alpha/github",
                                           R"({"repository": "acme/app", "branch": "main"})");
    stage.expect(bound && bound->status == 200, "a repository is bound");
    stage.fly().options().start_delay = seconds(160);
    std::set<std::string> served;
    std::int64_t before_last = 0;
    for (int i = 0; i < kPushes; ++i) {
        if (i == 8) stage.fly().options().start_delay = minutes(10);
        if (i == 12) stage.fly().options().start_delay = seconds(160);
        before_last = static_cast<std::int64_t>(stage.shadow().machines().size());
        Stage::Push push{"acme/app", "commit-" + std::to_string(i)};
        const int heard = co_await stage.push(std::move(push));
        stage.expect(heard == 202, "a push is heard");
        co_await stage.sleep(minutes(1));
        served.insert(stage.shadow().projects().at("alpha").active_machine);
    }
    stage.expect(served.size() >= 3, "machines become active while pushes come");
    co_await stage.sleep(minutes(12));
    const std::string active = stage.shadow().projects().at("alpha").active_machine;
    const std::int64_t newest = stage.machine(active).generation;
    stage.expect(newest > before_last, "the last push has its machine");
    stage.expect(static_cast<std::int64_t>(stage.shadow().machines().size()) == newest,
                 "and nothing comes after it");
    stage.expect(newest <= kPushes, "not each push has made one");
}

// The same for a project whose machines hand on a volume: there is one at a time, and each serves.
Script pushes_for_a_volume(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    co_await stage.expect_active(first);
    const auto bound = co_await stage.call("PUT", "/v1/projects/alpha/github",
                                           R"({"repository": "acme/app", "branch": "main"})");
    stage.expect(bound && bound->status == 200, "a repository is bound");
    stage.fly().options().start_delay = seconds(160);
    int served = 0;
    for (int i = 0; i < 20; ++i) {
        Stage::Push push{"acme/app", "commit-" + std::to_string(i)};
        const int heard = co_await stage.push(std::move(push));
        stage.expect(heard == 202, "a push is heard");
        co_await stage.sleep(minutes(1));
        served += stage.shadow().projects().at("alpha").active_machine.empty() ? 0 : 1;
    }
    stage.expect(served >= 8, "the project is served while pushes come");
    co_await stage.sleep(minutes(15));
    stage.expect(stage.shadow().waiting().empty(), "and the last push has its machine");
}

// Asks for a machine of that image under that key; the one that is promised, or why none is.
boost::asio::awaitable<std::string> ask(Stage stage, std::string image, std::string key) {
    fakes::SimHttpClient http(stage.cluster().client());
    lifecycle::HttpRequest request;
    request.method = "POST";
    request.authority = kApiAuthority;
    request.target = "/v1/projects/alpha/machines";
    request.headers["Authorization"] = std::string("Bearer ") + kAdminToken;
    request.headers["Idempotency-Key"] = key;
    request.body = lifecycle::json_text(json{{"image", image}});
    const auto answer = co_await http.send(std::move(request), seconds(15));
    if (!answer) co_return std::string(to_string(answer.error()));
    if (answer->status != 202) co_return answer->body;
    co_return lifecycle::json_or_null(answer->body)["machine"]["id"].get<std::string>();
}

// A request waits, and a newer one takes its place: whoever sends it again gets what did.
Script asked_again(Stage stage) {
    const std::string first = co_await ask(stage, "image:1", "one");
    const std::string ahead = co_await ask(stage, "image:2", "two");
    stage.expect(ahead == first, "the second waits for the first");
    const std::string also = co_await ask(stage, "image:3", "three");
    stage.expect(also == first, "and the third in its place");
    // The first serves until the next has booted, which may be between two looks of ours.
    for (int looks = 0; looks < 1800 && stage.shadow().machine("alpha-2") == nullptr; ++looks) {
        co_await stage.sleep(seconds(1));
    }
    const std::string third = co_await ask(stage, "image:3", "three");
    stage.expect(third == "alpha-2", "the newest has its machine");
    const std::string second = co_await ask(stage, "image:2", "two");
    stage.expect(second == third, "and so has the one whose place it took");
    co_await stage.expect_active("alpha-2");
    const std::string later = co_await ask(stage, "image:2", "two");
    stage.expect(later == "alpha-2", "for as long as its key is remembered");
}

// The provider loses the machine that was to serve for a while before the next has its volume.
Script lost_while_another_waits(Stage stage) {
    const std::string first = co_await stage.create("alpha", "fly", 3);
    const std::string waiting = co_await stage.create("alpha", "fly", 3);
    static_cast<void>(waiting);
    co_await stage.expect_active(first);
    stage.fly().lose(first);
    const auto lost = [&] { return stage.machine(first).state != MachineState::active; };
    for (int looks = 0; looks < 40 && !lost(); ++looks) {
        // Who asks in vain has the loss looked for.
        const auto answer = co_await stage.call("GET", "/v1/projects/alpha/proxy/hello");
        static_cast<void>(answer);
        co_await stage.sleep(seconds(30));
    }
    co_await stage.expect_active("alpha-2");
}

}  // namespace

std::vector<Scenario> projects() {
    return {
        {.name = "errors-end",
         .sentence = "A machine fails, strangers knock, another machine is made: the project says "
                     "what is so.",
         .faults = {},
         .at_most = minutes(90),
         .play = errors_end,
         .sometimes = {"project.error machine", "project.error registration",
                       "order box.refused < machine.state active->detached"}},
        {.name = "archived-for-good",
         .sentence = "A project is given up while work waits and pushes come: it stays so.",
         .faults = {},
         .at_most = minutes(120),
         .play = archived_for_good,
         .sometimes = {"order delegation.delivered < delegation.ended failed",
                       "net.answer server 409"}},
        {.name = "archived-while-provisioned",
         .sentence =
             "Projects are given up while their machines and volumes are being made: nothing has "
             "failed.",
         .faults = {},
         .at_most = minutes(90),
         .play = archived_while_provisioned,
         .sometimes = {"order machine.created < machine.state starting->detached",
                       "starting->detached after no fault in machine:provision",
                       "volume.state present->leaving"}},
        {.name = "pushes-faster-than-boots",
         .sentence =
             "Pushes come faster than machines boot: one starts, the newest waits, and all end.",
         .faults = {},
         .at_most = minutes(90),
         .play = pushes_faster_than_boots,
         .sometimes = {"machine.queued", "starting->failed after no fault in machine:deadline"}},
        {.name = "pushes-for-a-volume",
         .sentence = "Pushes come faster than machines boot that hand on a volume: each serves for "
                     "a while.",
         .faults = {},
         .at_most = minutes(90),
         .play = pushes_for_a_volume,
         .sometimes = {"machine.queued",
                       "order outbox.claimed project:next < machine.state active->detached"}},
        {.name = "asked-again",
         .sentence = "A request that waited, and that a newer one replaced, is sent again: it gets "
                     "the same.",
         .faults = {},
         .at_most = minutes(60),
         .play = asked_again,
         .sometimes = {"machine.queued"}},
        {.name = "lost-while-another-waits",
         .sentence =
             "A machine is lost before it has served for as long as the next waits for its volume.",
         .faults = {},
         .at_most = minutes(90),
         .play = lost_while_another_waits,
         .sometimes = {"machine.queued",
                       "order machine.unavailable < machine.state active->detached",
                       "order outbox.claimed project:next < outbox.done project:next"}},
    };
}

}  // namespace scenarios
