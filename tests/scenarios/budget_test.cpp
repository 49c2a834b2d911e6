#include <gtest/gtest.h>

#include <map>
#include <string>

#include "properties/lifecycle_trial.hpp"
#include "scenarios/catalog/catalog.hpp"

// What a flow costs in calls to its provider when nothing goes wrong. A call that is not needed is
// one that is throttled, and that fails, when it matters.
namespace scenarios {
namespace {

std::string text_of(const sim::KeptEvent& event, std::string_view name) {
    for (const auto& [field, value] : event.values) {
        const auto* text = std::get_if<std::string>(&value);
        if (field == name && text != nullptr) return *text;
    }
    return {};
}

// Calls of the control plane to a provider from one change of the first machine's state to another.
int calls_between(const std::string& scenario, const std::string& authority,
                  const std::string& begin, const std::string& end) {
    sim::search::RunOptions options;
    options.keep_events = true;
    const auto result =
        properties::run(*find_scenario(scenario), std::make_unique<sim::CalmSource>(), options);
    EXPECT_TRUE(result.held());
    bool counting = false;
    int calls = 0;
    for (const sim::KeptEvent& event : result.events) {
        const std::string change = event.type == "machine.created" ? "created"
                                   : event.type == "machine.state" ? text_of(event, "to")
                                                                   : "";
        const bool first = text_of(event, "machine") == "alpha-1";
        if (first && change == begin) counting = true;
        if (first && change == end) return calls;
        if (counting && event.type == "net.send" && event.process == "server" &&
            text_of(event, "to") == authority) {
            ++calls;
        }
    }
    ADD_FAILURE() << scenario << " never got from " << begin << " to " << end;
    return -1;
}

constexpr const char* kFly = "_api.internal:4280";
constexpr const char* kDaytona = "api.daytona.internal:80";
constexpr const char* kDocker = "docker.internal:2375";

TEST(Budget, OfAMachineThatBecomesActive) {
    // Create; look and start, refused while it is prepared; look and start; look.
    EXPECT_LE(calls_between("calm", kFly, "created", "active"), 6);
    // Create; look until it runs, every two seconds; the way to its daemon.
    EXPECT_LE(calls_between("daytona-life", kDaytona, "created", "active"), 4);
    // The engine's version, once in its life; create, look, start, look; the way to its daemon.
    EXPECT_LE(calls_between("docker-life", kDocker, "created", "active"), 6);
}

TEST(Budget, OfAMachineWithAVolume) {
    // A look for the volume and its creation on top.
    EXPECT_LE(calls_between("volume-handed-over", kFly, "created", "active"), 8);
}

TEST(Budget, OfAMachineThatIsRetired) {
    // Look, destroy, look until it is gone; then five looks, within five minutes, that nothing
    // comes after, in which one sweep falls.
    EXPECT_LE(calls_between("daytona-life", kDaytona, "detached", "archived"), 16);
    EXPECT_LE(calls_between("docker-life", kDocker, "detached", "archived"), 16);
    EXPECT_LE(calls_between("project-archived", kFly, "detached", "archived"), 20);
}

}  // namespace
}  // namespace scenarios
