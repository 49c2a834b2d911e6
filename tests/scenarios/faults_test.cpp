#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "scenarios/cluster/nemesis.hpp"
#include "sim/disk/disk.hpp"
#include "sim/net/network.hpp"
#include "system/store/database.hpp"
#include "tests/scenarios/fault_support.hpp"
#include "tests/support/kinds.hpp"

// Every kind of fault, switched on alone: it shows in the trace, a program that is too fragile for
// it breaks, and the system survives it.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A client and a server that know nothing of faults, in a world with a nemesis. What they take for
// granted is checked; a fault that bites makes one of it untrue.
class FragilePair {
  public:
    explicit FragilePair(std::unique_ptr<sim::Source> source)
        : tape_(std::move(source)),
          world_(tape_, trace_),
          client_(world_.add_process("client", "client")),
          server_(world_.add_process("server", "server")),
          nemesis_(world_, {&server_}, {{"client", "server"}}) {
        client_.boot();
        server_.set_program([this](sim::Process& process) -> std::unique_ptr<sim::Program> {
            added_ = 0;  // it keeps everything in memory
            serve(process);
            measure_a_minute(process);
            return nullptr;
        });
        server_.supervise(seconds(1));
        server_.boot();
        world_.step(seconds(0));
        nemesis_.start();
    }

    // What was not as the fragile take it to be; empty if all was.
    std::string run() {
        for (int i = 0; i < kCalls; ++i) {
            client_.at(seconds(10) * i + seconds(5), [this, i] { add(i); });
        }
        write_a_database();
        world_.run_until(minutes(20));
        if (!broken_.empty()) return broken_;
        if (answered_ != kCalls) return "not every call was answered";
        if (added_ != kCalls) return "the server did not add what it acknowledged, once each";
        if (!in_order_) return "calls arrived in another order";
        return {};
    }

  private:
    static constexpr int kCalls = 60;

    void serve(sim::Process& process) {
        world_.network().listen(process, "server:1",
                                [this](sim::Packet packet, sim::Network::Answer answer) {
                                    const int number = std::stoi(packet.label);
                                    in_order_ = in_order_ && number >= last_;
                                    last_ = number;
                                    ++added_;
                                    answer.send({"ok", 0});
                                });
    }

    void add(int number) {
        const auto sent = world_.now();
        world_.network().call(client_, "server:1", {std::to_string(number), 0}, minutes(5),
                              [this, sent](const sim::Network::Result& result) {
                                  answered_ += result ? 1 : 0;
                                  if (world_.now() - sent > milliseconds(150))
                                      broken_ = "an answer was slow";
                              });
    }

    // By its own clock and by its timer a minute is a minute.
    void measure_a_minute(sim::Process& process) {
        const auto begin = process.local_time();
        process.at(world_.now() + process.world_duration(seconds(60)), [this, &process, begin] {
            const auto measured = process.local_time() - begin;
            if (measured < milliseconds(59'990) || measured > milliseconds(60'010)) {
                broken_ = "a minute was none";
            }
            measure_a_minute(process);
        });
    }

    // Writes without a sync, and takes what is written to be there after a power cut.
    void write_a_database() {
        sim::Process& writer = world_.add_process("writer", "writer");
        writer.boot();
        try {
            auto database = open(writer);
            for (int i = 0; i < 40; ++i) {
                database->run("INSERT INTO t (n, filler) VALUES (?, ?)",
                              {std::int64_t{i}, std::string(1500, 'x')});
            }
            writer.crash("power cut");
            database.reset();
            writer.boot();
            database = open(writer);
            if (database->table("SELECT COUNT(*), SUM(LENGTH(filler)) FROM t").find("40\t60000") ==
                    std::string::npos ||
                database->table("PRAGMA integrity_check").find("ok") == std::string::npos) {
                broken_ = "what was written is not there";
            }
        } catch (const lifecycle::StoreFailure& failure) {
            broken_ = failure.what();
        }
    }

    static std::unique_ptr<lifecycle::Database> open(sim::Process& process) {
        auto database = std::make_unique<lifecycle::Database>("n.db", process.disk().vfs_name());
        database->script("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
        database->script("CREATE TABLE IF NOT EXISTS t (n BIGINT NOT NULL, filler TEXT NOT NULL)");
        return database;
    }

    sim::Tape tape_;
    sim::Trace trace_;
    std::string broken_;
    int added_ = 0;
    int answered_ = 0;
    int last_ = -1;
    bool in_order_ = true;
    sim::World world_;
    sim::Process& client_;
    sim::Process& server_;
    Nemesis nemesis_;
};

// The same two, with calls 20 ms apart, so that one may overtake the one before.
bool order_is_kept(std::unique_ptr<sim::Source> source) {
    sim::Tape tape(std::move(source));
    sim::Trace trace;
    sim::World world(tape, trace);
    sim::Process& client = world.add_process("client", "client");
    sim::Process& server = world.add_process("server", "server");
    client.boot();
    server.boot();
    std::string arrived;
    world.network().listen(server, "server:1",
                           [&](sim::Packet packet, sim::Network::Answer answer) {
                               arrived += packet.label;
                               answer.send({"", 0});
                           });
    for (char c = 'a'; c <= 'z'; ++c) {
        client.at(milliseconds(30) * (c - 'a'), [&, c] {
            world.network().call(client, "server:1", {std::string(1, c), 0}, seconds(5),
                                 [](const sim::Network::Result&) {});
        });
    }
    world.run_until(minutes(1));
    return std::is_sorted(arrived.begin(), arrived.end());
}

// Asks Fly as if it always did at once what it was asked: empty if it did.
class FragileProvisioner {
  public:
    std::string run(std::unique_ptr<sim::Source> source) {
        sim::Tape tape(std::move(source));
        sim::Trace trace;
        Witnesses nobody;
        Cluster cluster(tape, trace, nobody);
        broken_.clear();
        cluster.play(provision(Stage(cluster)), minutes(5));
        return broken_;
    }

  private:
    Script provision(Stage stage) {
        for (int i = 0; i < 6 && broken_.empty(); ++i) co_await provision_one(stage, i);
    }

    Script provision_one(Stage stage, int number) {
        const std::string name = "fragile-" + std::to_string(number);
        const std::string body =
            json{{"name", name}, {"skip_launch", true}, {"config", {{"image", "i"}}}}.dump();
        const auto created = co_await ask(stage, "POST", "", body);
        if (created.status != 200) {
            broken_ = "no machine was created";
            co_return;
        }
        const std::string id = json::parse(created.body)["id"];
        const auto seen = co_await ask(stage, "GET", "/" + id, "");
        if (seen.status != 200) broken_ = "a machine that was created is not there";
        co_await stage.sleep(seconds(11));
        const auto ready = co_await ask(stage, "GET", "/" + id, "");
        if (ready.status != 200 || json::parse(ready.body)["state"] != "stopped") {
            broken_ = "a machine that was not to be launched is not stopped";
        }
        const auto started = co_await ask(stage, "POST", "/" + id + "/start", "");
        if (started.status != 200) broken_ = "a machine did not start";
        co_await stage.sleep(seconds(16));
        const std::string address = json::parse(created.body)["private_ip"];
        const auto probed = co_await send(stage, "[" + address + "]:8080", "GET", "/healthz", "");
        if (probed.status != 200) broken_ = "a machine is not well after 16 seconds";
        co_await stage.sleep(seconds(2));
    }

    boost::asio::awaitable<lifecycle::HttpResponse> ask(Stage stage, std::string method,
                                                        std::string path, std::string body) {
        std::string target = "/v1/apps/vivarium/machines" + path;
        auto answer = co_await send(stage, kFlyAuthority, std::move(method), std::move(target),
                                    std::move(body));
        co_return answer;
    }

    boost::asio::awaitable<lifecycle::HttpResponse> send(Stage stage, std::string authority,
                                                         std::string method, std::string target,
                                                         std::string body) {
        lifecycle::HttpRequest request;
        request.method = std::move(method);
        request.authority = std::move(authority);
        request.target = std::move(target);
        request.headers["Authorization"] = "Bearer fly-token";
        request.body = std::move(body);
        fakes::SimHttpClient http(stage.cluster().client());
        auto answer = co_await http.send(std::move(request), seconds(10));
        if (answer) co_return std::move(*answer);
        lifecycle::HttpResponse none;
        none.status = 0;
        co_return none;
    }

    std::string broken_;
};

// Whether someone fragile breaks under that kind in one of a few worlds.
bool bites(const std::string& kind, double rate) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        if (kind == "net.reorder") {
            if (!order_is_kept(only(kind, seed, rate))) return true;
        } else if (kind.starts_with("fly.") || kind.starts_with("box.")) {
            if (!FragileProvisioner().run(only(kind, seed, rate)).empty()) return true;
        } else if (!FragilePair(only(kind, seed, rate)).run().empty()) {
            return true;
        }
    }
    return false;
}

class Fault : public testing::TestWithParam<const char*> {};

TEST_P(Fault, BitesTheNaive) {
    EXPECT_FALSE(bites(GetParam(), 0)) << "they hold where nothing goes wrong";
    EXPECT_TRUE(bites(GetParam(), 10));
}

TEST_P(Fault, ShowsInTheTraceAndTheSystemSurvivesIt) {
    expect_survived(GetParam());
}

// Those that this file and cloud_faults_test.cpp try, by the values of their tests.
std::set<std::string> tried() {
    std::set<std::string> names;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const testing::TestSuite& suite = *all.GetTestSuite(i);
        if (!std::string_view(suite.name()).starts_with("Kinds/")) continue;
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const std::string value = suite.GetTestInfo(j)->value_param();
            const std::size_t quote = value.find('"');
            names.insert(value.substr(quote + 1, value.rfind('"') - quote - 1));
        }
    }
    return names;
}

TEST(Faults, AreAllTried) {
    const std::set<std::string> names = tried();
    for (const auto& [name, kind] : tests::all_kinds()) {
        if (kind.fault) EXPECT_TRUE(names.contains(name)) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Fault,
                         testing::Values("box.slow-boot", "box.unwell", "clock.drift", "clock.jump",
                                         "crash", "disk.bit-flip", "disk.error", "disk.full",
                                         "disk.lost-write", "disk.torn-write", "fly.capacity",
                                         "fly.eager-launch", "fly.lag", "fly.launch-failure",
                                         "fly.mishap", "net.duplicate", "net.late",
                                         "net.lost-answer", "net.lost-request",
                                         "net.one-way-partition", "net.partition", "net.reorder",
                                         "net.slow", "net.slow-link", "pause"),
                         test_name);

}  // namespace
}  // namespace scenarios
