#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "scenarios/cluster/sites.hpp"
#include "scenarios/dialects/phrase.hpp"
#include "sim/search/session.hpp"
#include "sim/world/tape.hpp"
#include "tests/support/catalog.hpp"

namespace scenarios {
namespace {

using lifecycle::ProviderErrorClass;

// A provider whose answers nobody has written down has no scenario here.
TEST(Dialects, AreKnownOfEverySite) {
    for (const Site& site : sites()) {
        for (const char* what : {"dialect-of-", "manners-of-"}) {
            const auto result = sim::search::run(tests::scenario(what + site.name),
                                                 std::make_unique<sim::CalmSource>());
            EXPECT_TRUE(result.held()) << what << site.name << ": "
                                       << (result.held() ? "" : result.violations.front().message);
        }
    }
}

// What is compared with what is expected is all of it.
TEST(Dialects, TellWhereAnOutcomeIsAnother) {
    const Outcome expected =
        refused(Call::get, answer(404, "no"), ProviderErrorClass::gone).expected;
    EXPECT_EQ(difference(expected, expected), "");
    Outcome other = expected;
    other.refused = ProviderErrorClass::busy;
    EXPECT_EQ(difference(expected, other), R"(it is "busy" and not "gone")");
    other = expected;
    other.detail = "yes";
    EXPECT_EQ(difference(expected, other), R"(the detail is "yes" and not "no")");
    other = expected;
    other.resources.emplace_back();
    EXPECT_EQ(difference(expected, other), R"(how many machines is "1" and not "0")");
    Outcome one = other;
    one.resources.front().labels["a"] = "b";
    EXPECT_NE(difference(other, one), "");
    one = other;
    one.resources.front().partial = true;
    EXPECT_EQ(difference(other, one), R"(partial is "true" and not "false")");
    one = expected;
    one.endpoint.headers["a"] = "b";
    EXPECT_NE(difference(expected, one), "");
}

}  // namespace
}  // namespace scenarios
