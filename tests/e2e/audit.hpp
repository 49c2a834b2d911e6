#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/e2e/load.hpp"

// Compares what clients were promised with what there is, at the server and at its provider.
namespace e2e {

class Audit {
  public:
    // `cloud`: the control port of the fake cloud.
    Audit(std::uint16_t server, std::uint16_t cloud) : server_(server), cloud_(cloud) {}

    // What is missing, or too much, a line each. Some of it may only not be there yet.
    std::vector<std::string> differences(const std::vector<ProjectClient>& clients);

    // What the server says of promises when it is asked for them again. Only once nothing differs:
    // what was lost would be made anew.
    std::vector<std::string> broken_promises(const std::vector<ProjectClient>& clients);

  private:
    void judge(const ProjectClient& client);
    void judge_service(const ProjectClient& client, const std::vector<std::string>& active);
    void judge_cloud(const std::vector<ProjectClient>& clients);
    void judge_work(const ProjectClient& client);
    nlohmann::json get(const std::string& target);
    std::int64_t generation(const std::string& project);
    void miss(std::string what) { missing_.push_back(std::move(what)); }

    std::uint16_t server_;
    std::uint16_t cloud_;
    nlohmann::json in_cloud_;
    std::vector<std::string> in_service_;  // machines
    std::vector<std::string> missing_;
};

}  // namespace e2e
