#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/lifecycled.hpp"

// Clients of a server that dies again and again, and what it has promised them.
namespace e2e {

// What a change of a project was answered, and how to ask for the same again.
struct Promise {
    std::string what;  // in words
    std::string method = "POST";
    std::string target;
    std::string body;
    std::map<std::string, std::string> headers;
    bool repeatable = false;  // told again, it has to change nothing
    std::string machine;      // that it was answered with
    bool queued = false;      // that machine is the one that it waits for
    bool over = false;        // its project ended since

    Promise(std::string words, std::string where)
        : what(std::move(words)), target(std::move(where)) {}
};

struct LoadOptions {
    int projects = 6;
    bool archives_volumes = true;  // which takes a while to end
    int work_seconds = 60;         // after which work has failed that nobody has done
};

// A project, and the one client who changes it.
class ProjectClient {
  public:
    ProjectClient(std::string project, bool with_volume, const LoadOptions& options,
                  std::uint64_t seed)
        : project_(std::move(project)),
          with_volume_(with_volume),
          may_archive_(!with_volume || options.archives_volumes),
          work_seconds_(options.work_seconds),
          random_(seed) {}

    // Asks for one thing after the other until `stop`; each again and again until it is answered.
    void run(std::uint16_t port, const std::atomic<bool>& stop);

    const std::string& project() const { return project_; }
    bool with_volume() const { return with_volume_; }
    bool known() const { return known_; }
    // Whether the last that it was promised is the project's end.
    bool archived() const { return archived_; }
    const std::vector<Promise>& promises() const { return promises_; }
    const std::vector<std::string>& delegations() const { return delegations_; }

  private:
    void step();
    void create();
    void archive();
    void recreate();
    void bind();
    void push();
    void delegate();
    void pass_on();
    // Asks until there is an answer which says what became of it.
    lifecycle::HttpResponse insist(const Promise& asked) const;
    void keep(Promise asked, const nlohmann::json& machine, bool queued);
    std::string next_key(const char* kind);

    std::string project_;
    bool with_volume_;
    bool may_archive_;
    int work_seconds_;
    std::mt19937_64 random_;
    std::uint16_t port_ = 0;
    int asked_ = 0;
    bool known_ = false;  // the server has heard of the project
    bool archived_ = true;
    bool bound_ = false;
    std::vector<Promise> promises_;
    std::vector<std::string> delegations_;
};

inline constexpr const char* kGithubSecret = "github-secret";

// All clients, each in a thread of its own.
class Load {
  public:
    Load(const LoadOptions& options, std::uint64_t seed);
    void start(std::uint16_t port);
    // Returns when every client has the answer that it waits for: a server has to run meanwhile.
    void stop();
    const std::vector<ProjectClient>& clients() const { return clients_; }

    // Requests that were sent and have no answer yet.
    static int in_hand();

  private:
    std::vector<ProjectClient> clients_;
    std::vector<std::jthread> threads_;
    std::atomic<bool> stop_ = false;
};

}  // namespace e2e
