#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"

// How often providers are asked.
namespace properties {
namespace {

using scenarios::ProviderCall;
using scenarios::Shadow;

// A bucket of calls that fills with time.
class Bucket {
  public:
    Bucket(std::int64_t per_second, std::int64_t burst)
        : each_(std::chrono::duration_cast<sim::Duration>(std::chrono::seconds(1)) / per_second),
          burst_(burst * each_) {}
    // Whether there was one.
    bool take(sim::VirtualTime now) {
        full_ = std::max(full_, now) + each_;
        return full_ - now <= burst_;
    }

  private:
    sim::Duration each_;
    sim::Duration burst_;
    sim::VirtualTime full_{};  // when it will be full again
};

// "POST /v1/apps/x/machines/1/start" of "/v1/apps/x/machines/1/start?..."; a list is not a machine.
std::string action_of(const ProviderCall& call) {
    const std::string& target = call.request.target;
    return call.request.method + " " + target.substr(0, target.find('?'));
}

bool reads_one_machine(const ProviderCall& call) {
    constexpr std::string_view kMachines = "/machines/";
    const std::string& target = call.request.target;
    const auto found = target.find(kMachines);
    return call.request.method == "GET" && found != std::string::npos &&
           target.find('/', found + kMachines.size()) == std::string::npos;
}

class CallsPaced final : public EndProperty {
  public:
    CallsPaced()
        : EndProperty("calls-paced",
                      "No server asks Fly for one action on one machine, or on the app, more often "
                      "than Fly's documentation allows, nor Daytona for more than 30 changes in a "
                      "second, not even after an outage.") {}
    void on_server_down(const std::string& server) override { fly_.erase(server); }
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        if (call.provider == "fly") {
            const bool one = reads_one_machine(call);
            auto [bucket, fresh] =
                fly_[call.server].try_emplace(action_of(call), Bucket(one ? 5 : 1, one ? 10 : 3));
            if (!bucket->second.take(call.sent_at)) too_often_.push_back(bucket->first);
        }
        if (call.provider == "daytona" && call.request.method != "GET") {
            constexpr std::size_t kMax = 30;
            const sim::VirtualTime since = call.sent_at - std::chrono::seconds(1);
            std::erase_if(daytona_, [&](sim::VirtualTime at) { return at <= since; });
            daytona_.push_back(call.sent_at);
            if (daytona_.size() > kMax) too_often_.emplace_back("changes at daytona");
        }
    }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        if (too_often_.empty() || !times_were_right(ending)) return;
        broken(fmt::format("asked too often {} times, first: {}", too_often_.size(),
                           too_often_.front()));
    }

  private:
    std::map<std::string, std::map<std::string, Bucket>> fly_;  // by server and action
    std::vector<sim::VirtualTime> daytona_;                     // of the last second
    std::vector<std::string> too_often_;
};

class SnapshotsApart final : public EndProperty {
  public:
    SnapshotsApart()
        : EndProperty(
              "snapshots-apart",
              "A provider is never asked for two snapshots of one volume within 15 seconds, "
              "by clocks that are right and workers that are awake.") {}
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        const std::string& target = call.request.target;
        if (call.request.method != "POST" || !target.ends_with("/snapshots")) return;
        const auto last = last_.find(target);
        if (last != last_.end() && call.sent_at - last->second < std::chrono::seconds(15)) {
            too_soon_.push_back(target);
        }
        last_[target] = call.sent_at;
    }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        if (!times_were_right(ending)) return;
        for (const std::string& target : too_soon_) {
            broken(fmt::format("{} was asked for twice within 15 seconds", target));
        }
    }

  private:
    std::map<std::string, sim::VirtualTime> last_;
    std::vector<std::string> too_soon_;
};

}  // namespace

bool times_were_right(const scenarios::Ending& ending) {
    return std::ranges::none_of(ending.faults, [](const sim::LaneKind& fault) {
        return fault.effect == sim::Effect::clock || fault.effect == sim::Effect::pause;
    });
}

Properties pacing_properties() {
    Properties all;
    all.push_back(std::make_unique<CallsPaced>());
    all.push_back(std::make_unique<SnapshotsApart>());
    return all;
}

}  // namespace properties
