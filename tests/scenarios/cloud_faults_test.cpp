#include <functional>
#include <nlohmann/json.hpp>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/client/stage.hpp"
#include "tests/scenarios/fault_support.hpp"

// The faults of clouds and boxes that a first look at Fly does not meet, each switched on alone.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// Somebody who takes a cloud at its word. What turned out otherwise is kept.
class FragileClient {
  public:
    // Empty if everything was as it was taken to be.
    std::string run(const std::string& kind, std::uint64_t seed, double rate) {
        sim::Tape tape(only(kind, seed, rate));
        sim::Trace trace;
        Witnesses nobody;
        Cluster cluster(tape, trace, nobody);
        broken_.clear();
        cluster.play(play(Stage(cluster), kind), minutes(240));
        return broken_;
    }

  private:
    Script play(Stage stage, std::string kind) {
        if (kind.starts_with("daytona.")) {
            for (int i = 0; i < 6 && broken_.empty(); ++i) co_await use_sandbox(stage, i);
        } else if (kind.starts_with("docker.")) {
            for (int i = 0; i < 6 && broken_.empty(); ++i) co_await use_container(stage, i);
        } else if (kind == "fly.linger") {
            for (int i = 0; i < 6 && broken_.empty(); ++i) co_await use_volume(stage, i);
        } else if (kind == "fly.host-unreachable") {
            for (int i = 0; i < 6 && broken_.empty(); ++i) co_await use_machine(stage, i);
        } else if (kind.starts_with("fly.") || kind.starts_with("answer.")) {
            for (int i = 0; i < 4 && broken_.empty(); ++i) co_await keep_machine(stage, i);
        } else {
            co_await keep_box(stage, kind == "box.disk-loss");
        }
    }

    Script use_sandbox(Stage stage, int number) {
        const std::string name = "fragile-" + std::to_string(number);
        const json body = {{"name", name}, {"snapshot", "image:1"}};
        const auto made = co_await ask(stage, kDaytonaAuthority, "daytona-token", "POST",
                                       "/api/sandbox", body.dump());
        expect(made.status == 200 || made.status == 201, "a sandbox is made");
        const auto seen = co_await ask(stage, kDaytonaAuthority, "daytona-token", "GET",
                                       "/api/sandbox/" + name, "");
        expect(state_of(seen, "state") != "destroyed", "what was made is not destroyed");
        co_await stage.sleep(seconds(18));
        const auto there = co_await ask(stage, kDaytonaAuthority, "daytona-token", "GET",
                                        "/api/sandbox/" + name, "");
        expect(state_of(there, "state") == "started", "a sandbox starts within seconds");
    }

    Script use_container(Stage stage, int number) {
        const std::string name = "fragile-" + std::to_string(number);
        const auto made =
            co_await ask(stage, kDockerAuthority, "", "POST",
                         "/v1.52/containers/create?name=" + name, R"({"Image": "image:1"})");
        expect(made.status == 201, "a container is made");
        const std::string path = "/v1.52/containers/" + name;
        const auto started = co_await ask(stage, kDockerAuthority, "", "POST", path + "/start", "");
        expect(started.status == 204, "a container starts");
        co_await stage.sleep(minutes(30));
        const auto there = co_await ask(stage, kDockerAuthority, "", "GET", path + "/json", "");
        const json state = json::parse(there.body, nullptr, false);
        expect(there.status == 200 && state["State"].value("Running", false), "and goes on");
    }

    // A machine that mounts a volume, and both gone again.
    Script use_volume(Stage stage, int number) {
        const std::string name = "naive_" + std::to_string(number);
        const json wanted = {{"name", name}, {"size_gb", 1}, {"region", "ams"}};
        const auto volume = co_await fly(stage, "POST", "/volumes", wanted.dump());
        const std::string id = state_of(volume, "id");
        json body = {{"name", "fragile-" + std::to_string(number)},
                     {"skip_launch", true},
                     {"region", "ams"},
                     {"config", {{"image", "i"}}}};
        body["config"]["mounts"] = json::array({{{"volume", id}, {"path", "/data"}}});
        const auto machine = co_await fly(stage, "POST", "/machines", body.dump());
        expect(machine.status == 200, "a machine mounts a volume");
        co_await stage.sleep(seconds(12));
        std::string target = "/machines/" + state_of(machine, "id") + "?force=true";
        const auto gone = co_await fly(stage, "DELETE", std::move(target), "");
        expect(gone.status == 200, "a machine is destroyed");
        co_await stage.sleep(seconds(8));
        const auto freed = co_await fly(stage, "DELETE", "/volumes/" + id, "");
        expect(freed.status == 200, "a volume is free when its machine is gone");
    }

    Script use_machine(Stage stage, int number) {
        const json body = {{"name", "fragile-" + std::to_string(number)},
                           {"config", {{"image", "i"}}}};
        const auto machine = co_await fly(stage, "POST", "/machines", body.dump());
        co_await stage.sleep(seconds(12));
        const std::string path = "/machines/" + state_of(machine, "id");
        const auto there = co_await fly(stage, "GET", path, "");
        expect(state_of(there, "host_status") == "ok", "a machine's host is well");
        const auto gone = co_await fly(stage, "DELETE", path + "?force=true", "");
        expect(gone.status == 200, "a machine is destroyed");
    }

    Script keep_machine(Stage stage, int number) {
        const json body = {{"name", "fragile-" + std::to_string(number)},
                           {"config", {{"image", "i"}}}};
        const auto machine = co_await fly(stage, "POST", "/machines", body.dump());
        expect(!state_of(machine, "id").empty(), "an answer about a machine says its id");
        co_await stage.sleep(minutes(45));
        const auto there = co_await fly(stage, "GET", "/machines/" + state_of(machine, "id"), "");
        expect(state_of(there, "state") == "started", "a machine that runs goes on");
    }

    // A box that has reported once goes on, and remembers who it is.
    Script keep_box(Stage stage, bool crashes) {
        const std::string machine = co_await stage.create("alpha");
        const bool active = co_await stage.until(machine, "active", minutes(30));
        expect(active, "a machine becomes active");
        if (crashes) stage.boxes().crash(machine);
        // A refusal is an error of the project only until the box has proved itself.
        for (int i = 0; i < 300 && broken_.empty(); ++i) {
            co_await stage.sleep(seconds(5));
            const auto online = co_await stage.online("alpha");
            expect(!online || *online, "a box that was heard is heard again");
            const std::string error = co_await stage.last_error("alpha");
            expect(error.empty(), "a box that boots again is let in");
        }
    }

    boost::asio::awaitable<lifecycle::HttpResponse> fly(Stage stage, std::string method,
                                                        std::string path, std::string body) {
        auto answer = co_await ask(stage, kFlyAuthority, "fly-token", std::move(method),
                                   "/v1/apps/vivarium" + path, std::move(body));
        co_return answer;
    }

    boost::asio::awaitable<lifecycle::HttpResponse> ask(Stage stage, std::string authority,
                                                        std::string token, std::string method,
                                                        std::string target, std::string body) {
        lifecycle::HttpRequest request;
        request.method = std::move(method);
        request.authority = std::move(authority);
        request.target = std::move(target);
        if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
        request.headers["Content-Type"] = "application/json";
        request.body = std::move(body);
        fakes::SimHttpClient http(stage.cluster().client());
        auto answer = co_await http.send(std::move(request), seconds(30));
        if (answer) co_return std::move(*answer);
        lifecycle::HttpResponse none;
        none.status = 0;
        co_return none;
    }

    static std::string state_of(const lifecycle::HttpResponse& answer, const char* field) {
        const json body = json::parse(answer.body, nullptr, false);
        const bool said = body.is_object() && body.contains(field) && body[field].is_string();
        return said ? body[field].get<std::string>() : std::string();
    }

    void expect(bool held, const char* what) {
        if (!held && broken_.empty()) broken_ = what;
    }

    std::string broken_;
};

class CloudFault : public testing::TestWithParam<const char*> {};

TEST_P(CloudFault, BitesTheNaive) {
    EXPECT_EQ(FragileClient().run(GetParam(), 1, 0), "") << "they hold where nothing goes wrong";
    std::string broken;
    for (std::uint64_t seed = 1; seed <= 30 && broken.empty(); ++seed) {
        broken = FragileClient().run(GetParam(), seed, 10);
    }
    EXPECT_NE(broken, "");
}

TEST_P(CloudFault, ShowsInTheTraceAndTheSystemSurvivesIt) {
    expect_survived(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Kinds, CloudFault,
                         testing::Values("answer.garbled", "box.disk-loss", "box.mute",
                                         "daytona.capacity", "daytona.mishap",
                                         "daytona.start-failure", "daytona.stuck", "daytona.unseen",
                                         "docker.exit", "docker.mishap", "docker.no-space",
                                         "fly.exit", "fly.host-unreachable", "fly.linger",
                                         "fly.loss", "fly.odd-answer"),
                         test_name);

}  // namespace
}  // namespace scenarios
