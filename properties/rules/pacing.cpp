#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/pace.hpp"
#include "properties/property.hpp"
#include "scenarios/cluster/sites.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"

// How often providers are asked.
namespace properties {
namespace {

using scenarios::ProviderCall;
using scenarios::Shadow;

class CallsPaced final : public EndProperty {
  public:
    CallsPaced()
        : EndProperty("calls-paced",
                      "No server asks Fly for one action on one machine, or on the app, more often "
                      "than Fly's documentation allows, nor Daytona for more than 30 changes in a "
                      "second, not even after an outage.") {
        for (const scenarios::Site& site : scenarios::sites()) {
            if (auto pace = site.pace()) paces_.emplace(site.name, std::move(pace));
        }
    }
    void on_server_down(const std::string& server) override {
        for (auto& [provider, pace] : paces_) pace->on_server_down(server);
    }
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        const auto pace = paces_.find(call.provider);
        if (pace == paces_.end()) return;
        auto exceeded = pace->second->exceeded_by(call.server, call.request, call.sent_at);
        if (exceeded) too_often_.push_back(*std::move(exceeded));
    }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        if (too_often_.empty() || !times_were_right(ending)) return;
        broken(fmt::format("asked too often {} times, first: {}", too_often_.size(),
                           too_often_.front()));
    }

  private:
    std::map<std::string, std::unique_ptr<fakes::Pace>> paces_;  // by provider
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
