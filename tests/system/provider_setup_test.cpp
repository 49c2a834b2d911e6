#include "system/server/provider_setup.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/cluster/sites.hpp"
#include "system/server/options.hpp"

namespace lifecycle::server {
namespace {

// What is simulated can be run, and what can be run is simulated.
TEST(ProviderSetups, AreOfThoseThatAreSimulated) {
    std::vector<std::string> set_up;
    for (const auto& setup : provider_setups()) set_up.emplace_back(setup->name());
    std::vector<std::string> simulated;
    for (const scenarios::Site& site : scenarios::sites()) simulated.push_back(site.name);
    EXPECT_EQ(set_up, simulated);
}

TEST(ProviderSetups, AreAllNamedToOneWhoAsksForNone) {
    std::string program = "lifecycled";
    char* words[] = {program.data(), nullptr};
    const auto options = parse_options(1, words);
    ASSERT_FALSE(options);
    for (const auto& setup : provider_setups()) {
        EXPECT_TRUE(options.error().text.contains(setup->option())) << options.error().text;
    }
}

}  // namespace
}  // namespace lifecycle::server
