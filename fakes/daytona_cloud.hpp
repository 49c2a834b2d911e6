#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/cloud.hpp"

namespace fakes {

struct DaytonaCloudOptions {
    std::string token = "daytona-token";
    std::string proxy_domain = "proxy.daytona.internal";
    // Steers a script: every creation is refused in these words; empty: none is.
    std::string refuse_create;
    // And sandboxes stay in "creating" until the cloud itself gives them up.
    bool stuck = false;
};

// Daytona's API in its dialect: requests only say what is desired, and the cloud gets there in its
// own time, one transition after the other. Sandboxes start by themselves when they are created.
class DaytonaCloud final : public Cloud {
  public:
    DaytonaCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host,
                 DaytonaCloudOptions options);

    DaytonaCloudOptions& options() { return options_; }
    void handle(const lifecycle::HttpRequest& request, Respond respond) override;
    std::vector<CloudMachine> inventory() const override;
    void lose(const std::string& name) override;
    void stop_by_itself(const std::string& name) override;

  private:
    struct Sandbox {
        std::string id;
        std::string name;
        std::string state;  // the API's own words, both
        std::string desired;
        std::string error_reason;
        nlohmann::json wanted;  // as it was asked for
        lifecycle::Time created_at{};
        lifecycle::Time hidden_until{};  // the runner has not seen it: reads say "unknown"
        std::uint64_t starts = 0;
        std::uint64_t episode = 0;  // counts transitions: a late timer of an older one does nothing
        bool pending() const { return state != desired && state != "error"; }
    };

    lifecycle::HttpResponse respond_to(const lifecycle::HttpRequest& request);
    lifecycle::HttpResponse create(const lifecycle::HttpRequest& request, std::string_view path);
    lifecycle::HttpResponse list(std::string_view query, std::string_view path) const;
    lifecycle::HttpResponse act(Sandbox& sandbox, std::string_view verb, std::string_view path);
    lifecycle::HttpResponse destroy(Sandbox& sandbox, std::string_view path);
    lifecycle::HttpResponse preview(const Sandbox& sandbox, std::string_view verb,
                                    std::string_view path) const;
    lifecycle::HttpResponse refuse(int status, std::string_view message,
                                   std::string_view path) const;

    Sandbox* find(std::string_view reference);
    void enter(Sandbox& sandbox, std::string state);
    void begin(Sandbox& sandbox);
    void run(Sandbox& sandbox);
    void shut_down(Sandbox& sandbox);
    void finish_destroying(Sandbox& sandbox);
    nlohmann::json to_json(const Sandbox& sandbox) const;
    CloudMachine described(const Sandbox& sandbox) const;
    std::string token_of(const Sandbox& sandbox) const;
    std::string host_of(const Sandbox& sandbox, std::string_view port) const;

    DaytonaCloudOptions options_;
    std::map<std::string, Sandbox> sandboxes_;
    std::uint64_t created_ = 0;
    sim::LaneId mishap_lane_;
    sim::LaneId capacity_lane_;
    sim::LaneId unseen_lane_;
    sim::LaneId stuck_lane_;
    sim::LaneId failure_lane_;
    sim::LaneId create_lane_;
    sim::LaneId start_lane_;
    sim::LaneId stop_lane_;
};

}  // namespace fakes
