#include "system/server/provider_setup.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "scenarios/cluster/sites.hpp"
#include "system/server/options.hpp"
#include "tests/support/sim_fixture.hpp"

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

// Remembers by which token it was asked.
class Asked final : public HttpClient {
  public:
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(
        HttpRequest request, Duration /*timeout*/) override {
        token = request.headers["Authorization"];
        HttpResponse nothing;
        nothing.status = 404;
        co_return nothing;
    }
    std::string token;
};

boost::asio::awaitable<bool> ask(Provider* client) {
    const auto nobody = co_await client->get("0123456789abcdef");
    co_return nobody.has_value();
}

// What an operator says reaches the provider.
TEST(ProviderSetups, HandTheTokenOn) {
    const std::string file = testing::TempDir() + "vivarium-provider-token";
    std::ofstream(file) << "the-token\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    // What else has to be said, by the setup's name.
    const std::map<std::string_view, std::vector<std::string>> more = {
        {"fly", {"--fly-app", "app"}}};
    for (const auto& setup : provider_setups()) {
        if (!scenarios::site_of(setup->name()).wants_token) continue;
        CLI::App app;
        setup->add_options(app);
        // CLI11 takes the last word first.
        std::vector<std::string> words = {file, std::string(setup->option())};
        if (more.contains(setup->name())) {
            const auto& others = more.at(setup->name());
            words.insert(words.begin(), others.rbegin(), others.rend());
        }
        app.parse(words);
        const auto used = setup->read(true);
        ASSERT_TRUE(used) << used.error();
        ASSERT_TRUE(*used) << setup->name();
        tests::SimFixture at;
        Asked http;
        const auto client = setup->connect({http, at.clock, at.telemetry, at.process.executor()});
        EXPECT_FALSE(at.complete(ask(client.get())));
        EXPECT_EQ(http.token, "Bearer the-token") << setup->name();
    }
}

}  // namespace
}  // namespace lifecycle::server
