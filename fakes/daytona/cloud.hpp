#pragma once

#include <cstdint>
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

struct DaytonaCloudOptions {
    std::string token = "daytona-token";
    std::string proxy_domain = "proxy.daytona.internal";
    // Steers a script: every creation is refused in these words; empty: none is.
    std::string refuse_create;
    // And sandboxes stay in "creating" until the cloud itself gives them up.
    bool stuck = false;
    // And each start takes that much longer.
    lifecycle::Duration start_delay{0};
    // And no snapshot has that name; empty: every name is one's.
    std::string missing_snapshot;
    // A list's pages hold at most so many, whatever limit is asked for.
    std::size_t max_page = 200;
};

// Daytona's API in its dialect: requests only say what is desired, and the cloud gets there in its
// own time, one transition after the other. Sandboxes start by themselves when they are created;
// the answers to a creation and to a start are held until they run, for 30 seconds at most.
class DaytonaCloud final : public Cloud {
  public:
    DaytonaCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host,
                 DaytonaCloudOptions options);

    DaytonaCloudOptions& options() { return options_; }
    static Act act_of(const lifecycle::HttpRequest& request);
    static RequestedMachine requested_by(const lifecycle::HttpRequest& create);
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
        lifecycle::Time hidden_until{};  // the runner has not seen it: reads say "destroyed"
        lifecycle::Time listed_from{};   // lists are eventually consistent
        std::uint64_t starts = 0;
        std::uint64_t episode = 0;  // counts transitions: a late timer of an older one does nothing
        bool pending() const { return state != desired && state != "error"; }
    };
    // The held answer to a creation or a start.
    struct Waiter {
        std::uint64_t number = 0;
        std::string id;
        std::string path;
        Respond respond;
    };

    // The answer; or nothing but the id of a sandbox, if the answer is to wait until that runs.
    struct Outcome {
        std::optional<lifecycle::HttpResponse> response;
        std::string started;
    };
    Outcome respond_to(const lifecycle::HttpRequest& request);
    Outcome create(const lifecycle::HttpRequest& request, std::string_view path);
    std::optional<lifecycle::HttpResponse> refuse_form(const nlohmann::json& body,
                                                       std::string_view path);
    lifecycle::HttpResponse list(std::string_view query, std::string_view path);
    Outcome start(Sandbox& sandbox, std::string_view path);
    lifecycle::HttpResponse stop(Sandbox& sandbox, std::string_view path);
    lifecycle::HttpResponse destroy(Sandbox& sandbox, std::string_view path);
    lifecycle::HttpResponse preview(const Sandbox& sandbox, std::string_view verb,
                                    std::string_view path);
    lifecycle::HttpResponse refuse(int status, std::string_view message,
                                   std::string_view path) const;

    void hold(std::string id, std::string path, Respond respond);
    void give_up_waiting(std::uint64_t number);
    // Answers whoever waits for that sandbox.
    void release(const std::string& id, const lifecycle::HttpResponse& response);

    Sandbox* find(std::string_view reference);
    void enter(Sandbox& sandbox, std::string state);
    void begin(Sandbox& sandbox);
    void run(Sandbox& sandbox);
    void fail(Sandbox& sandbox, std::string reason);
    void shut_down(Sandbox& sandbox);
    void finish_destroying(Sandbox& sandbox);
    nlohmann::json to_json(const Sandbox& sandbox) const;
    nlohmann::json to_list_item(const Sandbox& sandbox) const;
    CloudMachine described(const Sandbox& sandbox) const;
    std::string token_of(const Sandbox& sandbox) const;
    std::string host_of(const Sandbox& sandbox, std::string_view port) const;

    DaytonaCloudOptions options_;
    std::map<std::string, Sandbox> sandboxes_;
    std::vector<Waiter> waiters_;
    std::uint64_t waits_ = 0;
    std::uint64_t created_ = 0;
    sim::LaneId mishap_lane_;
    sim::LaneId capacity_lane_;
    sim::LaneId unseen_lane_;
    sim::LaneId stuck_lane_;
    sim::LaneId failure_lane_;
    sim::LaneId waited_lane_;
    sim::LaneId list_lane_;
    sim::LaneId create_lane_;
    sim::LaneId start_lane_;
    sim::LaneId stop_lane_;
};

}  // namespace fakes
