#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/e2e/lifecycled.hpp"

// What the server tells, and that it goes on where nobody listens.
namespace e2e {
namespace {

using nlohmann::json;
using LogTest = LifecycledTest;

// Each line says what happened under `event`, whatever facts there are about it.
TEST_F(LogTest, EveryLineSaysWhatHappened) {
    start_server();
    const std::string machine = create();
    ASSERT_TRUE(becomes(machine, "active"));
    ASSERT_EQ(create(), "alpha-2");
    ASSERT_TRUE(becomes("alpha-2", "active"));
    ASSERT_EQ(status("POST", "/v1/projects/alpha/archive"), 202);
    server->send_signal(SIGTERM);
    EXPECT_EQ(server->wait(), 0);
    std::istringstream lines(server->remaining_output());
    std::set<std::string> events;
    int number = 0;
    for (std::string line; std::getline(lines, line); ++number) {
        const json told = json::parse(line, nullptr, false);
        ASSERT_TRUE(told.is_object()) << line;
        ASSERT_EQ(told.size(), 3U) << line;
        ASSERT_TRUE(told["at_us"].is_number_integer()) << line;
        ASSERT_TRUE(told["event"].is_string()) << line;
        ASSERT_TRUE(told["facts"].is_object()) << line;
        events.insert(told["event"]);
    }
    EXPECT_GT(number, 20);
    for (const char* event : {"outbox.claimed", "outbox.done", "machine.provisioned"}) {
        EXPECT_TRUE(events.contains(event)) << event;
    }
}

TEST_F(LogTest, GoesOnWithoutStandardError) {
    start_server_with_stderr(-1);
    ASSERT_TRUE(becomes(create(), "active"));
}

TEST_F(LogTest, GoesOnWhereTheLogIsFull) {
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    start_server_with_stderr(full);
    ASSERT_TRUE(becomes(create(), "active"));
    close(full);
}

TEST_F(LogTest, GoesOnWhenTheReaderOfTheLogIsGone) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    start_server_with_stderr(ends[1]);
    close(ends[0]);
    ASSERT_TRUE(becomes(create(), "active"));
    close(ends[1]);
}

TEST_F(LogTest, GoesOnWhenTheReaderOfTheLogIsStuck) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    // As full as it gets: whoever waits here waits for ever.
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const std::string much(4096, '\n');
    while (write(ends[1], much.data(), much.size()) > 0) {
    }
    fcntl(ends[1], F_SETFL, 0);
    start_server_with_stderr(ends[1]);
    ASSERT_TRUE(becomes(create(), "active"));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace e2e
