#include "sim/search/strategy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "sim/world/hash.hpp"
#include "sim/world/recorder.hpp"

namespace sim::search {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"mix", "fifo",  "random", "urw",
                                                    "pct", "delay", "few",    "swarm"};
constexpr unsigned kDeepest = 4;

// Random steps of a run, by the scheduler's draws.
std::set<std::uint64_t> points(Words& words, std::uint64_t steps, unsigned count) {
    std::set<std::uint64_t> chosen;
    for (unsigned i = 0; i < count; ++i)
        chosen.insert(words.below(std::max<std::uint64_t>(steps, 1)));
    return chosen;
}

// Draws everything but the schedule as a seed does.
class ScheduledSource : public Source {
  public:
    ScheduledSource(std::uint64_t seed, SeededOptions options) : draws_(seed, std::move(options)) {}
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override {
        return draws_.open(lane, kind);
    }
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override {
        return draws_.choose(handle, index, bound);
    }
    // First in, first out.
    std::uint64_t choose_task(std::uint64_t, std::uint64_t, const TaskChoice&) override {
        return 0;
    }

  private:
    SeededSource draws_;
};

class RandomSource final : public ScheduledSource {
  public:
    RandomSource(std::uint64_t seed, SeededOptions options)
        : ScheduledSource(seed, std::move(options)), words_(seed, "random") {}
    std::uint64_t choose_task(std::uint64_t, std::uint64_t, const TaskChoice& tasks) override {
        return words_.below(tasks.ready.size());
    }

  private:
    Words words_;
};

// Uniform over interleavings, as far as the calm run tells how long each flow is.
class UrwSource final : public ScheduledSource {
  public:
    UrwSource(std::uint64_t seed, SeededOptions options, const Profile* profile)
        : ScheduledSource(seed, std::move(options)), words_(seed, "urw") {
        if (profile != nullptr) left_ = profile->flow_tasks;
    }
    std::uint64_t choose_task(std::uint64_t, std::uint64_t, const TaskChoice& tasks) override {
        std::uint64_t total = 0;
        for (const FlowId flow : tasks.ready) total += weight(flow);
        std::uint64_t chosen = words_.below(total);
        std::size_t place = 0;
        while (chosen >= weight(tasks.ready[place])) chosen -= weight(tasks.ready[place++]);
        const auto flow = static_cast<std::size_t>(tasks.ready[place]);
        if (flow < left_.size() && left_[flow] > 1) --left_[flow];
        return tasks.value_of(place);
    }

  private:
    std::uint64_t weight(FlowId flow) const {
        const auto number = static_cast<std::size_t>(flow);
        return number < left_.size() && left_[number] > 0 ? left_[number] : 1;
    }
    Words words_;
    std::vector<std::uint32_t> left_;
};

// Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs".
class PctSource final : public ScheduledSource {
  public:
    PctSource(std::uint64_t seed, SeededOptions options, std::uint64_t steps, unsigned depth)
        : ScheduledSource(seed, std::move(options)), seed_(seed) {
        Words words(seed, "pct");
        lowest_ = depth;
        changes_ = points(words, steps, depth - 1);
    }
    std::uint64_t choose_task(std::uint64_t, std::uint64_t index,
                              const TaskChoice& tasks) override {
        std::size_t place = highest(tasks);
        if (!changes_.empty() && changes_.contains(index)) {
            lowered_[tasks.ready[place]] = --lowest_;
            place = highest(tasks);
        }
        return tasks.value_of(place);
    }

  private:
    std::size_t highest(const TaskChoice& tasks) const {
        std::size_t best = 0;
        for (std::size_t place = 1; place < tasks.ready.size(); ++place) {
            if (priority(tasks.ready[place]) > priority(tasks.ready[best])) best = place;
        }
        return best;
    }
    std::uint64_t priority(FlowId flow) const {
        if (!lowered_.empty()) {
            if (const auto found = lowered_.find(flow); found != lowered_.end()) {
                return found->second;
            }
        }
        return (std::uint64_t{1} << 63) | mix(combine(seed_, static_cast<std::uint64_t>(flow)));
    }
    std::uint64_t seed_;
    std::uint64_t lowest_ = 0;
    std::set<std::uint64_t> changes_;
    std::map<FlowId, std::uint64_t> lowered_;
};

// Emmi and others, "Delay-bounded scheduling".
class DelaySource final : public ScheduledSource {
  public:
    DelaySource(std::uint64_t seed, SeededOptions options, std::uint64_t steps, unsigned depth)
        : ScheduledSource(seed, std::move(options)) {
        Words words(seed, "delay");
        delays_ = points(words, steps, depth);
    }
    std::uint64_t choose_task(std::uint64_t, std::uint64_t index, const TaskChoice&) override {
        return delays_.contains(index) ? 1 : 0;
    }

  private:
    std::set<std::uint64_t> delays_;
};

// A few chosen deviations; lanes that the calm run never drew from, because something has to go
// wrong first, draw as a seed does.
class FewSource final : public Source {
  public:
    FewSource(const Profile& profile, const FaultSwitches& switches, std::uint64_t seed,
              unsigned depth)
        : chosen_(few_deviations(profile, switches, seed, depth)), rest_(seed, {false, switches}) {
        for (const Profile::Lane& lane : profile.lanes) {
            if (lane.draws > 0) calm_.insert(lane.name);
        }
    }
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override {
        const std::uint64_t handle = rest_.open(lane, kind);
        chosen_.open(lane, kind);
        drawn_in_calm_.push_back(calm_.contains(lane));
        return handle;
    }
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override {
        return drawn_in_calm_[handle] ? chosen_.choose(handle, index, bound)
                                      : rest_.choose(handle, index, bound);
    }

  private:
    RecordedSource chosen_;
    SeededSource rest_;
    std::set<std::string, std::less<>> calm_;
    std::vector<bool> drawn_in_calm_;
};

Strategy drawn_strategy(std::uint64_t seed) {
    constexpr std::array<Strategy, 16> kMix = {
        Strategy::swarm,  Strategy::swarm, Strategy::swarm, Strategy::swarm,
        Strategy::swarm,  Strategy::swarm, Strategy::few,   Strategy::few,
        Strategy::few,    Strategy::few,   Strategy::pct,   Strategy::pct,
        Strategy::random, Strategy::urw,   Strategy::delay, Strategy::fifo};
    return kMix[mix(seed ^ 0x6d6978ULL) % kMix.size()];
}

}  // namespace

std::optional<StrategyChoice> parse_strategy(std::string_view text) {
    const auto colon = text.find(':');
    const auto name = std::find(kNames.begin(), kNames.end(), text.substr(0, colon));
    if (name == kNames.end()) return std::nullopt;
    StrategyChoice choice{static_cast<Strategy>(name - kNames.begin()), 0};
    if (colon == std::string_view::npos) return choice;
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), choice.depth);
    const bool deep = choice.strategy == Strategy::pct || choice.strategy == Strategy::delay ||
                      choice.strategy == Strategy::few;
    if (error != std::errc() || end != digits.data() + digits.size() || !deep ||
        choice.depth == 0 || choice.depth > 100) {
        return std::nullopt;
    }
    return choice;
}

std::string to_string(const StrategyChoice& choice) {
    std::string text(kNames[static_cast<std::size_t>(choice.strategy)]);
    if (choice.depth > 0) text += ":" + std::to_string(choice.depth);
    return text;
}

std::span<const std::string_view> strategy_names() {
    return kNames;
}

Profile profile_of(const Recorder& calm_run) {
    Profile profile;
    for (std::uint32_t id = 0; id < calm_run.lane_count(); ++id) {
        profile.lanes.push_back(
            {calm_run.lane_name(LaneId{id}), calm_run.lane_kind(LaneId{id}), 0, 2});
    }
    for (const DrawPoint& draw : calm_run.draws()) {
        Profile::Lane& lane = profile.lanes[static_cast<std::uint32_t>(draw.lane)];
        ++lane.draws;
        lane.bound = std::max(lane.bound, draw.bound);
        if (lane.kind.effect == Effect::order) ++profile.scheduler_draws;
    }
    profile.flow_tasks = calm_run.flows();
    return profile;
}

std::vector<Deviation> few_deviations(const Profile& profile, const FaultSwitches& switches,
                                      std::uint64_t seed, unsigned depth) {
    // First the kind, then one of its lanes, then one of its draws: a kind that is rarely drawn
    // gets as much attention as one that is drawn all the time.
    std::map<std::string_view, std::vector<const Profile::Lane*>> kinds;
    for (const Profile::Lane& lane : profile.lanes) {
        if (lane.draws == 0 || (lane.kind.fault && !switches.on(lane.kind.name))) continue;
        kinds[lane.kind.name].push_back(&lane);
    }
    std::vector<const std::vector<const Profile::Lane*>*> by_kind;
    for (const auto& [name, lanes] : kinds) by_kind.push_back(&lanes);
    std::vector<Deviation> chosen;
    Words words(seed, "few");
    for (unsigned i = 0; i < depth && !by_kind.empty(); ++i) {
        const auto& lanes = *by_kind[words.below(by_kind.size())];
        const Profile::Lane& lane = *lanes[words.below(lanes.size())];
        // A deviating run may draw more often than the calm one did.
        const std::uint64_t index = words.below(lane.draws + lane.draws / 2 + 1);
        const std::vector<std::uint64_t> worth = alternatives(lane.kind, lane.bound);
        const bool named = words.below(2) == 0 && !worth.empty();
        const std::uint64_t value =
            named ? worth[words.below(worth.size())] : 1 + words.below(lane.bound - 1);
        chosen.push_back({lane.name, index, value});
    }
    return chosen;
}

std::unique_ptr<Source> make_source(const SearchPlan& plan, std::uint64_t seed) {
    const bool mixed = plan.choice.strategy == Strategy::mix;
    const Strategy strategy = mixed ? drawn_strategy(seed) : plan.choice.strategy;
    const SeededOptions options{mixed || strategy == Strategy::swarm, plan.switches};
    const Profile* profile = plan.profile.get();
    const unsigned depth = plan.choice.depth > 0
                               ? plan.choice.depth
                               : 1 + static_cast<unsigned>(Words(seed, "depth").below(kDeepest));
    constexpr std::uint64_t kGuess = 1000;
    const std::uint64_t steps = profile == nullptr ? kGuess : profile->scheduler_draws;
    switch (strategy) {
        case Strategy::fifo: return std::make_unique<ScheduledSource>(seed, options);
        case Strategy::random: return std::make_unique<RandomSource>(seed, options);
        case Strategy::urw: return std::make_unique<UrwSource>(seed, options, profile);
        case Strategy::pct: return std::make_unique<PctSource>(seed, options, steps, depth);
        case Strategy::delay: return std::make_unique<DelaySource>(seed, options, steps, depth);
        case Strategy::few:
            if (profile == nullptr) break;
            return std::make_unique<FewSource>(*profile, plan.switches, seed, depth);
        case Strategy::mix:
        case Strategy::swarm: break;
    }
    return std::make_unique<SeededSource>(seed, options);
}

}  // namespace sim::search
