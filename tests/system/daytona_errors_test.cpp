#include <gtest/gtest.h>

#include <string>

#include "system/providers/daytona.hpp"

namespace lifecycle {
namespace {

struct Row {
    int status;
    const char* message;
    ProviderErrorClass expected;
};

using enum ProviderErrorClass;

// Every text and status of the API that the client's calls are known to be answered.
const Row kRows[] = {
    {400, "Sandbox is in an errored state", permanent},
    {400, "Sandbox is not in valid state", busy},
    {400, "Sandbox is not in a stoppable state", busy},
    {400, "Sandbox 0f is not in a valid state to be destroyed. State: starting", busy},
    {400, "Sandbox failed to start: Timeout after 30 seconds", ambiguous},
    {400, "Sandbox failed to start: No available runners", ambiguous},
    {400, "Cannot specify Sandbox resources when using a snapshot", permanent},
    {400, "Snapshot a:1 not found. Did you add it through the Daytona Dashboard?", permanent},
    {400, "Snapshot a:1 is not available in region eu", permanent},
    {400, "CPU request 8 exceeds maximum allowed per sandbox (4).", permanent},
    {400, "Total CPU limit exceeded. Maximum allowed: 10.", capacity_region},
    {400, "State change in progress", busy},
    {403, "Region eu is not available to the organization", permanent},
    {404, "Region not found", gone},
    {400, "No available nodes", capacity_region},
    {400, "No available runners", capacity_region},
    {400, "Total CPU quota exceeded (10 > 8).", capacity_region},
    {403, "Total memory quota exceeded", capacity_region},
    {400, "failed to resolve container IP after 3 attempts", busy},
    {400, "Invalid port", permanent},
    {400, "name must be a string", permanent},
    {401, "Unauthorized", permanent},
    {403, "Forbidden resource", permanent},
    {404, "Sandbox with ID or name alpha-1 not found", gone},
    {408, "Request Timeout", ambiguous},
    {409, "Sandbox with name alpha-1 already exists", conflict},
    {409, "Sandbox state change in progress", busy},
    {409, "Sandbox was modified by another operation", busy},
    {409, "Sandbox recovery has been attempted recently, try again later", busy},
    {409, "something that nobody has seen before", busy},
    {422, "This sandbox class does not support it", permanent},
    {429, "Rate limit exceeded", throttled},
    {500, "Sandbox with name alpha-1 already exists", ambiguous},
    {502, "Bad Gateway", ambiguous},
    {418, "I'm a teapot", unknown},
};

TEST(DaytonaErrors, MeanWhatTheTableSays) {
    for (const Row& row : kRows) {
        const std::string body = std::string(R"({"path":"/api/sandbox","statusCode":)") +
                                 std::to_string(row.status) + R"(,"error":"x","message":")" +
                                 row.message + R"("})";
        const ProviderError error = classify_daytona_error(row.status, body);
        EXPECT_EQ(to_string(error.error_class), to_string(row.expected))
            << row.status << " " << row.message;
        EXPECT_EQ(error.detail, body) << "what the provider said is kept whole";
    }
    EXPECT_EQ(classify_daytona_error(200, "<html>").error_class, unknown);
}

TEST(DaytonaStates, AreAllKnown) {
    using enum ResourceState;
    const std::pair<const char*, ResourceState> kStates[] = {
        {"creating", starting},
        {"restoring", starting},
        {"destroying", destroying},
        {"started", started},
        {"stopped", stopped},
        {"starting", starting},
        {"stopping", stopping},
        {"error", failed},
        {"build_failed", failed},
        {"pending_build", starting},
        {"building_snapshot", starting},
        {"unknown", ResourceState::unknown},
        {"pulling_snapshot", starting},
        {"archived", stopped},
        {"archiving", stopping},
        {"resizing", started},
        {"snapshotting", started},
        {"forking", started},
        {"pausing", stopping},
        {"paused", stopped},
        {"resuming", starting},
        {"a word from the future", ResourceState::unknown},
    };
    for (const auto& [word, state] : kStates) {
        EXPECT_EQ(parse_daytona_state(word, "started"), state) << word;
    }
}

TEST(DaytonaStates, BelieveInADestructionOnlyIfItWasWished) {
    EXPECT_EQ(parse_daytona_state("destroyed", "started"), ResourceState::unknown)
        << "a runner that has not seen a new sandbox says so";
    EXPECT_EQ(parse_daytona_state("destroyed", "destroyed"), ResourceState::destroyed);
    EXPECT_EQ(parse_daytona_state("stopping", "destroyed"), ResourceState::destroying);
}

}  // namespace
}  // namespace lifecycle
