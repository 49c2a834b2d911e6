#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/rate_limits.hpp"
#include "sim/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// A machine as the fake keeps it.
struct FlyMachine {
    std::string id;
    std::string name;
    std::string region;
    std::string state;  // the API's own word
    std::string instance_id;
    std::string private_ip;
    nlohmann::json config;
    lifecycle::Time created_at{};
    lifecycle::Time visible_at{};  // when reads begin to show it
    std::uint64_t episode = 0;     // counts transitions: a late timer of an older one does nothing
    bool launch_when_prepared = false;
};

// Where the fake's machines run.
class BoxHost {
  public:
    virtual ~BoxHost() = default;
    virtual void power_on(const FlyMachine& machine) = 0;
    virtual void power_off(const FlyMachine& machine) = 0;
    // The machine will never come back.
    virtual void discard(const FlyMachine& machine) { power_off(machine); }
};

// Hears of effects in the moment that they happen, whether or not their answer arrives.
class FlyObserver {
  public:
    virtual ~FlyObserver() = default;
    virtual void on_created(const FlyMachine& machine) = 0;
    virtual void on_start_asked(const FlyMachine& machine) = 0;
    virtual void on_lost(const FlyMachine& /*machine*/) {}
};

struct FlyCloudOptions {
    std::string app = "vivarium";
    std::string token = "fly-token";
    std::string region = "ams";
    // The private address of the n-th machine, n from 1.
    std::function<std::string(std::uint64_t)> address;
    // Steers a script: machines launch by themselves although skip_launch was asked for.
    bool launch_eagerly = false;
    // Every creation is refused for good, in these words; empty: none is.
    std::string refuse_create;
    // And reads begin to show a new machine that much later.
    lifecycle::Duration lag{0};
};

// Fly's Machines API in its real dialect, over machines that take their time: they are prepared,
// start, stop, and are destroyed while the clock runs; reads lag behind writes; requests are
// throttled per action and id; and what the tape decides goes wrong.
class FlyCloud {
  public:
    using Respond = std::move_only_function<void(lifecycle::HttpResponse)>;

    FlyCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host, FlyCloudOptions options);

    void observe(FlyObserver& observer) { observer_ = &observer; }
    FlyCloudOptions& options() { return options_; }

    // Answers one request, now or, for a wait, later.
    void handle(const lifecycle::HttpRequest& request, Respond respond);

    // The provider loses a machine without being asked: it is gone for everybody.
    void lose(const std::string& name);

    // Everything that exists, gone machines excepted. By id.
    const std::map<std::string, FlyMachine>& machines() const { return machines_; }
    const FlyMachine* find_by_name(std::string_view name) const;

  private:
    struct Waiter {
        std::uint64_t number;
        std::string id;
        std::string wanted;
        Respond respond;
    };
    // What the tape decided for one request.
    enum class Mishap : std::uint8_t {
        none,
        internal_error,       // 500, nothing happened
        unavailable,          // 503, nothing happened
        throttled,            // 429
        late_internal_error,  // it happened, and 500
        late_deadline,        // it happened, and 408
    };

    lifecycle::HttpResponse respond_to(const lifecycle::HttpRequest& request,
                                       std::string_view path);
    lifecycle::HttpResponse create(const lifecycle::HttpRequest& request);
    lifecycle::HttpResponse list(std::string_view query);
    lifecycle::HttpResponse get(const std::string& id);
    lifecycle::HttpResponse start(const std::string& id);
    lifecycle::HttpResponse stop(const std::string& id);
    lifecycle::HttpResponse destroy(const std::string& id, std::string_view query);
    void wait(const std::string& id, std::string_view query, Respond respond);

    FlyMachine* visible(const std::string& id);
    void enter(FlyMachine& machine, std::string state);
    void later(const FlyMachine& machine, lifecycle::Duration delay,
               std::function<void(FlyMachine&)> next);
    void prepare(FlyMachine& machine);
    void launch(FlyMachine& machine);
    void finish_destroying(FlyMachine& machine);
    void give_up_waiting(std::uint64_t number);
    lifecycle::Duration drawn(sim::LaneId lane, lifecycle::Duration least, lifecycle::Duration step,
                              std::uint64_t steps);

    lifecycle::Clock& clock_;
    sim::Tape& tape_;
    BoxHost& host_;
    FlyCloudOptions options_;
    FlyObserver* observer_ = nullptr;
    RateLimits limits_;
    std::map<std::string, FlyMachine> machines_;
    std::vector<Waiter> waiters_;
    std::uint64_t created_ = 0;
    std::uint64_t waits_ = 0;
    sim::LaneId mishap_lane_;
    sim::LaneId capacity_lane_;
    sim::LaneId lag_lane_;
    sim::LaneId eager_lane_;
    sim::LaneId launch_failure_lane_;
    sim::LaneId prepare_lane_;
    sim::LaneId start_lane_;
    sim::LaneId stop_lane_;
};

}  // namespace fakes
