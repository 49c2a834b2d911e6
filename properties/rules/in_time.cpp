#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/machine.hpp"

// How long work takes in a run in which nothing deviates, and how often it is taken up.
namespace properties {
namespace {

using scenarios::EventRow;
using scenarios::Shadow;
using scenarios::Term;
using sim::VirtualTime;
using std::chrono::seconds;

// Each kind's, from when it is due to when it is settled, in a run in which nothing deviates. What
// takes longer by its nature, a cloud that is full or a box that boots slowly, is the scenario's to
// say.
constexpr Term kUsual[] = {
    {"machine:provision", seconds(8), 4},    {"machine:readiness", seconds(5), 2},
    {"machine:deadline", seconds(1), 1},     {"machine:destroy", seconds(310), 7},
    {"machine:restart", seconds(5), 2},      {"machine:start", seconds(65), 6},
    {"machine:arbitrate", seconds(10), 3},   {"project:next", seconds(5), 1},
    {"project:route", seconds(5), 1},        {"project:route-end", seconds(5), 1},
    {"delegation:deliver", seconds(130), 6}, {"volume:destroy", seconds(120), 5},
    {"volume:release", seconds(65), 3},      {"volume:snapshot", seconds(15), 2},
};
// The volume is made first, or has to be free.
constexpr Term kBesideVolume = {"machine:provision", seconds(16), 6};

class InTime final : public EndProperty {
  public:
    InTime()
        : EndProperty("in-time",
                      "In the baseline run, what is to be done is done within the time that "
                      "its kind, or its scenario, takes, and is not taken up more often than that "
                      "needs.") {}
    void on_terms(const std::vector<Term>& terms) override { own_ = terms; }
    void on_event(const EventRow* before, const EventRow& after, const Shadow& shadow) override {
        if (before == nullptr) {
            const sim::Duration wait(
                std::max<std::int64_t>(0, after.available_at - after.created_at));
            const lifecycle::Machine* machine = shadow.machine(after.machine);
            const bool mounts = machine != nullptr && machine->spec.volume_gb > 0;
            open_[after.id] = {shadow.now() + wait, 0, mounts};
            return;
        }
        const auto known = open_.find(after.id);
        if (before->state != "pending" || after.state == "pending" || known == open_.end()) return;
        const Work work = known->second;
        open_.erase(known);
        const Term* term = term_of(after.kind, work.mounts);
        const sim::Duration took = shadow.now() - work.due;
        if (!late_.empty() ||
            (term != nullptr && took <= term->at_most && work.times <= term->times)) {
            return;
        }
        late_ = fmt::format("event {} ({} of {}) took {} ms and was taken up {} times", after.id,
                            after.kind, after.subject, took.count() / 1000, work.times);
    }
    void on_delivery(const scenarios::DeliveryStep& step, const Shadow& /*shadow*/) override {
        const auto known = open_.find(step.event);
        if (step.begins() && known != open_.end()) ++known->second.times;
    }
    void on_tampered() override { tampered_ = true; }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        if (!late_.empty() && ending.is_baseline && !tampered_) broken(late_);
    }

  private:
    struct Work {
        VirtualTime due{};
        int times = 0;
        bool mounts = false;
    };

    const Term* term_of(std::string_view kind, bool mounts) const {
        const auto own = std::ranges::find(own_, kind, &Term::kind);
        if (own != own_.end()) return &*own;
        if (mounts && kind == kBesideVolume.kind) return &kBesideVolume;
        const auto* const usual = std::ranges::find(kUsual, kind, &Term::kind);
        return usual == std::end(kUsual) ? nullptr : usual;
    }

    std::vector<Term> own_;
    std::map<std::int64_t, Work> open_;
    std::string late_;  // the first
    bool tampered_ = false;
};

}  // namespace

Properties in_time_properties() {
    Properties all;
    all.push_back(std::make_unique<InTime>());
    return all;
}

}  // namespace properties
