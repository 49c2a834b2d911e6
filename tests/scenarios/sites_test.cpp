#include "scenarios/cluster/sites.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>

#include "scenarios/client/stage.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/sim_fixture.hpp"

namespace scenarios {
namespace {

using Verb = fakes::Act::Verb;

// What the requests to a provider are said to be about.
class Acts final : public Witness {
  public:
    void on_provider_call(const ProviderCall& call) override {
        if (call.act.verb != Verb::other) subjects[call.act.verb].insert(call.act.subject);
        providers.insert(call.provider);
    }
    std::map<Verb, std::set<std::string>> subjects;
    std::set<std::string> providers;
};

// A world in which nothing goes wrong, and one who watches it.
struct CalmWorld {
    explicit CalmWorld(Witness& witness) {
        tape.allow_faults({});
        witnesses.add(witness);
    }
    sim::Tape tape{std::make_unique<sim::CalmSource>()};
    sim::Trace trace;
    Witnesses witnesses;
    Cluster cluster{tape, trace, witnesses};
};

Script live_and_die(Stage stage, std::string provider) {
    const std::string machine = co_await stage.create("alpha", provider);
    co_await stage.expect_active(machine);
    co_await stage.retire(machine);
    const bool archived = co_await stage.until(machine, "archived", std::chrono::hours(1));
    EXPECT_TRUE(archived);
}

// Properties judge by this: a site whose requests say nothing is judged by none of them.
TEST(Sites, SayWhatIsMadeLookedForAndDestroyedThere) {
    for (const Site& site : sites()) {
        Acts acts;
        CalmWorld world(acts);
        Cluster& cluster = world.cluster;
        EXPECT_TRUE(cluster.play(live_and_die(Stage(cluster), site.name), std::chrono::hours(2)))
            << site.name;
        const std::string id = cluster.shadow().machine("alpha-1")->external_id;
        EXPECT_TRUE(acts.providers.contains(site.name)) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::create].contains("alpha-1")) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::find].contains("alpha-1")) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::destroy].contains(id)) << site.name << ": " << id;
    }
}

// What a cloud tells those who watch it, by the names of machines.
class Told final : public Witness {
  public:
    void on_provider_created(const fakes::CloudMachine& machine,
                             const Shadow& /*shadow*/) override {
        created.insert(machine.name);
    }
    void on_provider_start(const fakes::CloudMachine& machine, const Shadow& /*shadow*/) override {
        started.insert(machine.name);
    }
    void on_provider_call(const ProviderCall& call) override {
        if (call.act.verb == Verb::destroy) destroyed.insert(call.act.subject);
    }
    std::set<std::string> created;
    std::set<std::string> started;
    std::set<std::string> destroyed;
};

fakes::CloudMachine seen_at(const fakes::Cloud& cloud, const std::string& name) {
    for (const fakes::CloudMachine& machine : cloud.inventory()) {
        if (machine.name == name) return machine;
    }
    return {};
}

Script be_seen(Stage stage, const Site* site, const Told* told) {
    const std::string name = co_await stage.create("alpha", site->name);
    co_await stage.expect_active(name);
    Cluster& cluster = stage.cluster();
    fakes::Cloud& cloud = *cluster.cloud(site->name);
    const fakes::CloudMachine machine = seen_at(cloud, name);
    EXPECT_EQ(machine.provider, site->name);
    EXPECT_TRUE(cluster.shadow().owns(machine.labels));
    EXPECT_TRUE(machine.running);
    EXPECT_FALSE(machine.leaving);
    EXPECT_TRUE(told->created.contains(name));
    EXPECT_EQ(told->started.contains(name), !site->starts_by_itself);
    EXPECT_NE(cluster.boxes().boot_at(machine.id), "");

    cloud.stop_by_itself(name);
    EXPECT_FALSE(seen_at(cloud, name).running);
    EXPECT_EQ(cluster.boxes().boot_at(machine.id), "");
    cloud.lose(name);
    EXPECT_FALSE(cloud.has(name));
    EXPECT_TRUE(told->destroyed.contains(machine.id));

    // One that is running still, and then is not: its box is gone with it.
    const std::string other = co_await stage.create("beta", site->name);
    co_await stage.expect_active(other);
    const std::string id = seen_at(cloud, other).id;
    cloud.lose(other);
    EXPECT_EQ(cluster.boxes().boot_at(id), "");
}

// A machine that its cloud does not show, or an end that it does not tell, is judged by nobody.
TEST(Sites, ShowTheirMachinesToWhoeverJudges) {
    for (const Site& site : sites()) {
        const testing::ScopedTrace trace_of(__FILE__, __LINE__, site.name);
        Told told;
        CalmWorld world(told);
        Cluster& cluster = world.cluster;
        EXPECT_TRUE(cluster.play(be_seen(Stage(cluster), &site, &told), std::chrono::hours(2)));
    }
}

// A fault that nobody draws is no fault: each cloud has some of its own.
TEST(Sites, HaveFaultsOfTheirOwn) {
    const auto kinds = tests::all_kinds();
    for (const Site& site : sites()) {
        EXPECT_TRUE(std::ranges::any_of(kinds, [&](const auto& kind) {
            return kind.second.fault && sim::matches_kind(site.name + ".", kind.first);
        })) << site.name;
    }
}

struct NoBoxes final : fakes::BoxHost {
    void power_on(const fakes::BoxSpec& /*box*/) override {}
    void power_off(const std::string& /*id*/) override {}
};

// Takes the token off whatever is sent, and remembers what was answered.
class WithoutToken final : public lifecycle::HttpClient {
  public:
    explicit WithoutToken(lifecycle::HttpClient& next) : next_(next) {}
    boost::asio::awaitable<std::expected<lifecycle::HttpResponse, lifecycle::HttpError>> send(
        lifecycle::HttpRequest request, lifecycle::Duration timeout) override {
        request.headers.erase("Authorization");
        last = request;
        auto answer = co_await next_.send(std::move(request), timeout);
        refused = refused || (answer && answer->status == 401);
        co_return answer;
    }
    lifecycle::HttpRequest last;
    bool refused = false;

  private:
    lifecycle::HttpClient& next_;
};

boost::asio::awaitable<bool> ask(lifecycle::Provider* client) {
    const auto nobody = co_await client->get("0123456789abcdef");
    co_return nobody.has_value();
}

TEST(Sites, RefuseWhoeverShowsNoToken) {
    for (const Site& site : sites()) {
        tests::SimFixture at;
        sim::Process& process = at.world.add_process("cloud", "cloud");
        process.boot();
        fakes::SimClock clock(process);
        NoBoxes boxes;
        const auto cloud = site.cloud(clock, at.tape, boxes);
        fakes::listen(process, site.authority,
                      [&cloud](const lifecycle::HttpRequest& request, fakes::Respond respond) {
                          cloud->handle(request, std::move(respond));
                      });
        WithoutToken http(at.http);
        const auto client = site.client({http, at.clock, at.telemetry, at.process.executor()});
        EXPECT_FALSE(at.complete(ask(client.get()))) << site.name;
        EXPECT_EQ(http.refused, site.wants_token) << site.name;
    }
}

boost::asio::awaitable<bool> change(lifecycle::Provider* client) {
    const auto done = co_await client->destroy("0123456789abcdef");
    co_return done.has_value();
}

// A pace that no change exceeds is none.
TEST(Sites, HaveAPaceOrSayThatTheyHaveNone) {
    for (const Site& site : sites()) {
        ASSERT_NE(site.pace, nullptr) << site.name;
        const auto pace = site.pace();
        if (pace == nullptr) continue;
        tests::SimFixture at;
        WithoutToken http(at.http);
        const auto client = site.client({http, at.clock, at.telemetry, at.process.executor()});
        EXPECT_FALSE(at.complete(change(client.get()))) << site.name;
        bool exceeded = false;
        for (int i = 0; i < 100'000 && !exceeded; ++i) {
            exceeded = pace->exceeded_by("server", http.last, sim::VirtualTime{}).has_value();
        }
        EXPECT_TRUE(exceeded) << site.name;
    }
}

// What a row says of a provider, its client says too.
TEST(Sites, SayWhatTheirClientsSay) {
    tests::SimFixture at;
    for (const Site& site : sites()) {
        const auto client = site.client({at.http, at.clock, at.telemetry, at.process.executor()});
        EXPECT_EQ(site.has_volumes, client->has_volumes()) << site.name;
        EXPECT_EQ(site.sizes_machines, client->sizes_machines()) << site.name;
    }
}

TEST(Sites, AreFoundByTheirAddress) {
    for (const Site& site : sites()) EXPECT_EQ(site_at(site.authority), &site);
    EXPECT_EQ(site_at("nowhere:80"), nullptr);
}

}  // namespace
}  // namespace scenarios
