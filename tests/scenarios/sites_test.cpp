#include "scenarios/cluster/sites.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "scenarios/client/stage.hpp"
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
        sim::Tape tape(std::make_unique<sim::CalmSource>());
        tape.allow_faults({});
        sim::Trace trace;
        Acts acts;
        Witnesses witnesses;
        witnesses.add(acts);
        Cluster cluster(tape, trace, witnesses);
        EXPECT_TRUE(cluster.play(live_and_die(Stage(cluster), site.name), std::chrono::hours(2)))
            << site.name;
        const std::string id = cluster.shadow().machine("alpha-1")->external_id;
        EXPECT_TRUE(acts.providers.contains(site.name)) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::create].contains("alpha-1")) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::find].contains("alpha-1")) << site.name;
        EXPECT_TRUE(acts.subjects[Verb::destroy].contains(id)) << site.name << ": " << id;
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
