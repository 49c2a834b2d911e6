#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

namespace fakes {

struct DockerEngineOptions {
    std::uint16_t daemon_port = 8080;
    // What it speaks of its API, as minor versions of 1.
    int newest = 52;
    int oldest = 44;
    // Steers a script: no image of that name, here or in its registry; empty: every image is there.
    std::string missing_image;
    // And one that is in its registry alone until it is pulled, which takes that long.
    std::string remote_image;
    lifecycle::Duration pull{0};
    // What its bridge says of its addresses; an empty gateway is left out, as engines of up to 2025
    // do at their first start.
    std::string subnet = "172.17.0.0/16";
    std::string gateway = "172.17.0.1";
    // The n-th address on it that a container may have, n from 1.
    std::function<std::string(std::uint64_t)> address;
    // Steers a script: no container is started.
    bool refuse_starts = false;
    // And a removal takes that much longer, in which the name stays taken.
    lifecycle::Duration removal{0};
};

// The Docker Engine API, as engines of 2026 speak it, over containers that start at once and take
// a moment to stop and to be removed. A container has an address while it runs, and never the same
// twice in a row: the next to start gets the lowest that is free, which was another's perhaps. What
// it says is true the moment it is said; what goes wrong is the engine itself.
class DockerEngine final : public Cloud {
  public:
    DockerEngine(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host,
                 DockerEngineOptions options);

    DockerEngineOptions& options() { return options_; }
    static Act act_of(const lifecycle::HttpRequest& request);
    static RequestedMachine requested_by(const lifecycle::HttpRequest& create);
    void handle(const lifecycle::HttpRequest& request, Respond respond) override;
    std::vector<CloudMachine> inventory() const override;
    void lose(const std::string& name) override;
    void stop_by_itself(const std::string& name) override;
    // The engine starts a container again whose program has ended, as its restart policy says.
    void restart_by_itself(const std::string& name);
    // The host of the engine starts anew, and no container does so with it.
    void reboot();

  private:
    struct Container {
        std::string id;
        std::string name;
        std::string status;  // the API's own word
        int exit_code = 0;
        std::uint64_t address = 0;  // while it runs: which one, from 1
        std::uint64_t former = 0;   // that it had before
        nlohmann::json config;      // as it was asked for
        lifecycle::Time created_at{};
        std::uint64_t episode = 0;  // counts transitions: a late timer of an older one does nothing
    };

    void answer(const lifecycle::HttpRequest& request, Respond respond);
    lifecycle::HttpResponse respond_to(const lifecycle::HttpRequest& request, std::string_view path,
                                       std::string_view query);
    lifecycle::HttpResponse create(const lifecycle::HttpRequest& request, std::string_view query);
    lifecycle::HttpResponse list(std::string_view query) const;
    lifecycle::HttpResponse network(std::string_view reference) const;
    lifecycle::HttpResponse start(Container& container);
    lifecycle::HttpResponse stop(Container& container);
    lifecycle::HttpResponse restart(Container& container);
    void remove(std::string_view path, std::string_view query, Respond respond);
    void pull(std::string_view query, Respond respond);
    // Whether a request speaks a version that this engine does; the path loses it.
    std::optional<lifecycle::HttpResponse> refuse_version(std::string_view& path) const;

    Container* find(std::string_view reference);
    void run(Container& container);
    void take_address(Container& container);
    void end(Container& container, int exit_code);
    void finish_removal(Container& container, Respond respond);
    nlohmann::json inspect(const Container& container) const;
    CloudMachine described(const Container& container) const;
    std::string address_of(const Container& container) const;
    std::string authority_of(const Container& container) const;

    DockerEngineOptions options_;
    std::map<std::string, Container> containers_;
    std::uint64_t created_ = 0;
    sim::LaneId mishap_lane_;
    sim::LaneId space_lane_;
    sim::LaneId exit_lane_;
    sim::LaneId stop_lane_;
    sim::LaneId remove_lane_;
};

}  // namespace fakes
