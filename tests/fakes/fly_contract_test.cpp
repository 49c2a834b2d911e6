#include <gtest/gtest.h>

#include "fakes/fly/cloud.hpp"
#include "system/ports/suspend.hpp"
#include "system/providers/fly.hpp"
#include "tests/support/sim_fixture.hpp"

// The core's client against the fake cloud over the simulated network: both sides of one dialect.
namespace fakes {
namespace {

using lifecycle::ProviderErrorClass;
using lifecycle::ResourceState;
using std::chrono::seconds;

struct SilentHost final : BoxHost {
    void power_on(const BoxSpec&) override {}
    void power_off(const std::string&) override {}
};

class FlyContractTest : public testing::Test {
  protected:
    FlyContractTest()
        : fly(at.world.add_process("fly", "fly")),
          clock(fly),
          cloud(clock, at.tape, host, cloud_options()),
          provider(at.http, at.clock, at.telemetry, provider_options()) {
        fly.boot();
        listen(fly, "fly:1", [this](const lifecycle::HttpRequest& request, Respond respond) {
            cloud.handle(request, std::move(respond));
        });
    }
    static FlyCloudOptions cloud_options() {
        FlyCloudOptions options;
        options.address = [](std::uint64_t n) { return "fdaa::" + std::to_string(n); };
        return options;
    }
    static lifecycle::FlyOptions provider_options() {
        lifecycle::FlyOptions options;
        options.authority = "fly:1";
        options.app = "vivarium";
        options.token = "fly-token";
        return options;
    }
    static lifecycle::CreateResource request(const std::string& name) {
        lifecycle::CreateResource wanted;
        wanted.name = name;
        wanted.spec.image = "registry.fly.io/vivarium:1";
        wanted.labels = {{"vivarium_machine", name}, {"vivarium_project", "a b&c"}};
        wanted.environment = {{"KEY", "value"}};
        return wanted;
    }

    tests::SimFixture at;
    sim::Process& fly;
    SimClock clock;
    SilentHost host;
    FlyCloud cloud;
    lifecycle::FlyProvider provider;
};

TEST_F(FlyContractTest, CreatesFindsStartsAndDestroys) {
    const auto made = at.complete(provider.create(request("alpha-1")));
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->state, ResourceState::preparing);
    EXPECT_EQ(made->address, "fdaa::1");
    EXPECT_EQ(made->labels.at("vivarium_machine"), "alpha-1");

    const auto found = at.complete(provider.find({{"vivarium_project", "a b&c"}}));
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->found.size(), 1U);
    EXPECT_EQ(found->found.front().external_id, made->external_id);

    const auto early = at.complete(provider.start(made->external_id));
    EXPECT_EQ(early.error().error_class, ProviderErrorClass::busy);
    at.world.run_until(at.world.now() + seconds(5));
    EXPECT_TRUE(at.complete(provider.start(made->external_id)).has_value());
    at.world.run_until(at.world.now() + seconds(5));
    EXPECT_EQ(at.complete(provider.get(made->external_id))->state, ResourceState::started);
    EXPECT_TRUE(at.complete(provider.stop(made->external_id)).has_value());
    EXPECT_TRUE(at.complete(provider.destroy(made->external_id)).has_value());
    at.world.run_until(at.world.now() + seconds(60));
    const auto gone = at.complete(provider.get(made->external_id));
    EXPECT_EQ(gone.error().error_class, ProviderErrorClass::gone);
    const auto again = at.complete(provider.destroy(made->external_id));
    EXPECT_EQ(again.error().error_class, ProviderErrorClass::gone);
}

TEST_F(FlyContractTest, ReportsWhoHoldsAName) {
    const auto made = at.complete(provider.create(request("alpha-1")));
    const auto conflict = at.complete(provider.create(request("alpha-1")));
    ASSERT_FALSE(conflict.has_value());
    EXPECT_EQ(conflict.error().error_class, ProviderErrorClass::conflict);
    EXPECT_EQ(conflict.error().conflicting_id, made->external_id);
}

TEST_F(FlyContractTest, CallsAnUnansweredCreateAmbiguousAndARefusedOneNot) {
    at.world.network().block("fly", "server");
    const auto lost = at.complete(provider.create(request("alpha-1")));
    EXPECT_EQ(lost.error().error_class, ProviderErrorClass::ambiguous);
    EXPECT_EQ(cloud.machines().size(), 1U) << "and it had happened";
    fly.crash("down");
    const auto refused = at.complete(provider.create(request("alpha-2")));
    EXPECT_NE(refused.error().error_class, ProviderErrorClass::ambiguous);
}

TEST_F(FlyContractTest, ShrugsAtAnswersThatAreNoMachines) {
    for (const char* body : {"", "null", "[]", "{}", R"({"id":7})", R"({"id":""})", "\xff"}) {
        listen(fly, "fly:1", [body](const lifecycle::HttpRequest&, Respond respond) {
            lifecycle::HttpResponse response;
            response.body = body;
            respond(std::move(response));
        });
        const auto got = at.complete(provider.get("x"));
        ASSERT_FALSE(got.has_value()) << body;
        EXPECT_EQ(got.error().error_class, ProviderErrorClass::unknown);
        EXPECT_NE(got.error().detail.find(body), std::string::npos) << "kept whole";
    }
}

}  // namespace
}  // namespace fakes
