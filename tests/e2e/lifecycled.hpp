#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "system/ports/http.hpp"
#include "tests/e2e/child.hpp"

// The production server as a process, beside the fake Fly and its boxes on loopback sockets.
namespace e2e {

inline constexpr const char* kLifecycled = VIVARIUM_BIN_DIR "/lifecycled";
inline constexpr const char* kFakeCloud = VIVARIUM_BIN_DIR "/fake_cloud";

// As files with secrets have to be.
inline constexpr auto kForItsOwner =
    std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

// One request, as curl would send it.
std::optional<lifecycle::HttpResponse> request(
    std::uint16_t port, const std::string& method, const std::string& target,
    const std::string& body = {}, const std::map<std::string, std::string>& headers = {});

// Sends these bytes and gives all that comes back until the other side closes.
std::string raw_request(std::uint16_t port, const std::string& bytes);

// Runs the server with these words, which it has to refuse; its exit code and what it said.
std::pair<int, std::string> refused(std::vector<std::string> words);

// A port that nobody listens at.
std::uint16_t free_port();

bool eventually(const std::function<bool()>& holds, int seconds = 30);

class LifecycledTest : public testing::Test {
  protected:
    LifecycledTest();
    void SetUp() override { ASSERT_NE(fly_port, ""); }
    void TearDown() override;

    // Words that start a server which works.
    std::vector<std::string> command() const;
    // Starts the server, and waits until it listens.
    void start_server(const std::vector<std::string>& more = {});
    // The same with something else as its standard error, or none (-1).
    void start_server_with_stderr(int descriptor);

    std::optional<lifecycle::HttpResponse> ask(const std::string& method, const std::string& target,
                                               const std::string& body = {}) const {
        return request(port, method, target, body);
    }
    // The status of the answer; 0 if there is none.
    int status(const std::string& method, const std::string& target,
               const std::string& body = {}) const;
    std::string state(const std::string& machine) const;
    bool becomes(const std::string& machine, const std::string& wanted) const;
    std::string create(const std::string& project = "alpha") const;

    std::filesystem::path folder;
    std::uint16_t daemon_port;
    Child cloud;
    std::uint16_t cloud_control;  // fake_cloud.cpp lists its routes
    std::string fly_port;
    std::uint16_t port;
    std::uint16_t box_port;
    std::unique_ptr<Child> server;
};

}  // namespace e2e
