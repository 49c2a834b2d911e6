#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/rate_limits.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"

// What the fakes of all providers have in common.
namespace fakes {

// A machine as anybody outside a cloud may see it.
struct CloudMachine {
    std::string provider;
    std::string id;
    std::string name;
    std::map<std::string, std::string> labels;
    std::string volume;    // the id of what it mounts
    bool leaving = false;  // being destroyed, or destroyed and still readable
    bool running = false;
    bool out_of_sight = false;   // the provider does not reach its host
    bool empty_volume = false;   // it mounts one that nobody has written to yet
    std::string authority = {};  // at which its daemon is reached; empty: nowhere, or not by that
    bool loses_address = false;  // as soon as it stops, and then that may be another's
};

// Where a cloud's machines run.
struct BoxSpec {
    std::string id;
    std::string name;
    std::string authority;  // at which its daemon listens
    std::string token;      // that its callers have to show; empty: none
    std::map<std::string, std::string> environment;
};

class BoxHost {
  public:
    virtual ~BoxHost() = default;
    virtual void power_on(const BoxSpec& box) = 0;
    virtual void power_off(const std::string& id) = 0;
    // The machine will never come back.
    virtual void discard(const std::string& id) { power_off(id); }
};

// Hears of effects in the moment that they happen, whether or not their answer arrives.
class CloudObserver {
  public:
    virtual ~CloudObserver() = default;
    virtual void on_created(const CloudMachine& machine) = 0;
    virtual void on_start_asked(const CloudMachine& machine) = 0;
    virtual void on_lost(const CloudMachine& /*machine*/) {}
    // From now on reads may fail to find what is there.
    virtual void on_hidden(const CloudMachine& /*machine*/) {}
    // A request that no state of the cloud would make valid: it breaks the API's own description.
    virtual void on_malformed(std::string_view /*provider*/, std::string_view /*said*/) {}
};

// An HTTP server that speaks a provider's dialect, over machines that take their time.
class Cloud {
  public:
    using Respond = std::move_only_function<void(lifecycle::HttpResponse)>;

    Cloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host, std::string provider)
        : clock_(clock), tape_(tape), host_(host), provider_(std::move(provider)) {}
    virtual ~Cloud() = default;
    Cloud(const Cloud&) = delete;
    Cloud& operator=(const Cloud&) = delete;

    void observe(CloudObserver& observer) { observer_ = &observer; }
    const std::string& provider() const { return provider_; }

    // Answers one request, now or, for a wait, later.
    virtual void handle(const lifecycle::HttpRequest& request, Respond respond) = 0;

    // Everything that exists, in the order of ids; machines that are gone are not there.
    virtual std::vector<CloudMachine> inventory() const = 0;

    // The cloud loses a machine without being asked: it is gone for everybody.
    virtual void lose(const std::string& name) = 0;

    // The machine stops by itself: its program ended, or its host was drained.
    virtual void stop_by_itself(const std::string& name) = 0;

    bool has(std::string_view name) const {
        for (const CloudMachine& machine : inventory()) {
            if (machine.name == name && !machine.leaving) return true;
        }
        return false;
    }

  protected:
    // Whether whoever asks holds that token.
    static bool shows(const std::string& token, const lifecycle::HttpRequest& request) {
        const auto shown = request.headers.find("Authorization");
        return shown != request.headers.end() && shown->second == "Bearer " + token;
    }

    // The answer to a request whose form is wrong.
    lifecycle::HttpResponse malformed(std::string_view said, lifecycle::HttpResponse answer) {
        if (observer_ != nullptr) observer_->on_malformed(provider_, said);
        return answer;
    }

    lifecycle::Duration drawn(sim::LaneId lane, lifecycle::Duration least, lifecycle::Duration step,
                              std::uint64_t steps) {
        return least + step * static_cast<std::int64_t>(tape_.draw(lane, steps));
    }

    // Does `next` to one of `all` after `delay`, unless it has gone or changed state meanwhile.
    template <class All, class One, class Next>
    void later(All& all, const One& one, lifecycle::Duration delay, Next next) {
        clock_.schedule(clock_.now() + delay, [&all, id = one.id, episode = one.episode,
                                               run = std::move(next)]() mutable {
            const auto found = all.find(id);
            if (found != all.end() && found->second.episode == episode) run(found->second);
        });
    }

    lifecycle::Clock& clock_;
    sim::Tape& tape_;
    BoxHost& host_;
    CloudObserver* observer_ = nullptr;
    RateLimits limits_;

  private:
    std::string provider_;
};

}  // namespace fakes
