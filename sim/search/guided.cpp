#include "sim/search/guided.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace sim::search {
namespace {

using Deviations = std::vector<Deviation>;
using SteadyClock = std::chrono::steady_clock;

struct Kept {
    std::size_t scenario;
    Deviations deviations;
};

struct Attempt {
    std::size_t scenario = 0;
    std::unique_ptr<Source> source;
    RunResult result;
    std::unique_ptr<Coverage> coverage;
};

class Guide {
  public:
    Guide(const GuidedOptions& options, const std::function<void(const Progress&)>& progress)
        : options_(options), progress_(progress) {
        sum_.sometimes = Sometimes(options.scenarios);
        for (std::size_t i = 0; i < options.scenarios.size(); ++i) {
            const Scenario& scenario = *options.scenarios[i];
            profiles_.push_back(calm_profile(scenario));
            auto unknown = unknown_faults(scenario, *profiles_.back());
            if (!unknown.empty()) sum_.unknown_faults[scenario.name] = std::move(unknown);
            kept_.push_back({i, {}});
        }
    }

    Guided explore() {
        for (std::uint64_t round = 0; !over(); ++round) {
            std::vector<Attempt> attempts(std::min(kRound, options_.runs - sum_.runs));
            for (std::size_t i = 0; i < attempts.size(); ++i)
                prepare(attempts[i], round * kRound + i);
            parallel(
                attempts.size(), options_.jobs, [] { return false; },
                [&](std::uint64_t i) { play(attempts[i]); });
            for (Attempt& attempt : attempts) learn(attempt);
            if (progress_) progress_({sum_.runs, options_.runs, sum_.broken.size(), since()});
        }
        sum_.kept = kept_.size() - options_.scenarios.size();
        sum_.seconds = since();
        return std::move(sum_);
    }

  private:
    static constexpr std::uint64_t kRound = 64;

    double since() const {
        return std::chrono::duration<double>(SteadyClock::now() - start_).count();
    }
    bool over() const {
        return sum_.runs >= options_.runs || (options_.stop && options_.stop()) ||
               (options_.seconds > 0 && since() >= options_.seconds) ||
               (options_.stop_after > 0 && sum_.broken.size() >= options_.stop_after);
    }

    void prepare(Attempt& attempt, std::uint64_t number) {
        Words random(combine(options_.seed, number));
        // Some are new from the ground up, so that what is kept does not narrow the search.
        if (random.below(4) == 0) {
            attempt.scenario = random.below(options_.scenarios.size());
            const SearchPlan plan{{}, options_.switches, profiles_[attempt.scenario]};
            attempt.source = seeded(combine(options_.seed, number), plan);
            return;
        }
        const Kept& parent = kept_[random.below(kept_.size())];
        attempt.scenario = parent.scenario;
        attempt.source = recorded(mutated(parent, random));
    }

    Deviations mutated(const Kept& parent, Words& random) const {
        Deviations made = parent.deviations;
        if (!made.empty() && random.below(3) == 0) {  // without a stretch of it
            const auto begin =
                made.begin() + static_cast<std::ptrdiff_t>(random.below(made.size()));
            const auto most = static_cast<std::uint64_t>(made.end() - begin);
            made.erase(begin, begin + static_cast<std::ptrdiff_t>(1 + random.below(most)));
        }
        if (!made.empty() && random.below(3) == 0) {  // one value, another
            made[random.below(made.size())].value = 1 + random.below(8);
        }
        if (random.below(4) == 0) {  // the first part of another of the same scenario
            const Kept& other = kept_[random.below(kept_.size())];
            if (other.scenario == parent.scenario && !other.deviations.empty()) {
                const auto part =
                    static_cast<std::ptrdiff_t>(random.below(other.deviations.size()));
                made.insert(made.end(), other.deviations.begin(), other.deviations.begin() + part);
            }
        }
        const auto more = static_cast<unsigned>(random.below(4));
        const Deviations added = few_deviations(*profiles_[parent.scenario], options_.switches,
                                                random.below(~0ULL), more);
        made.insert(made.end(), added.begin(), added.end());
        return made;
    }

    void play(Attempt& attempt) const {
        const Scenario& scenario = *options_.scenarios[attempt.scenario];
        attempt.coverage = scenario.coverage();
        RunOptions options;
        options.record_tape = true;
        options.listener = attempt.coverage.get();
        attempt.result = run(scenario, std::move(attempt.source), options);
    }

    void learn(Attempt& attempt) {
        ++sum_.runs;
        sum_.sometimes.add(options_.scenarios[attempt.scenario]->name, *attempt.coverage);
        bool fresh = false;
        for (const auto& [name, count] : attempt.coverage->seen()) {
            std::uint64_t& total = sum_.behaviours[name];
            fresh = fresh || total == 0;
            total += count;
        }
        if (!attempt.result.held()) {
            sum_.broken.push_back({options_.scenarios[attempt.scenario]->name, 0,
                                   attempt.result.violations[0], attempt.result.hash,
                                   std::move(attempt.result.deviations)});
        } else if (fresh) {
            kept_.push_back({attempt.scenario, std::move(attempt.result.deviations)});
        }
    }

    const GuidedOptions& options_;
    const std::function<void(const Progress&)>& progress_;
    const SteadyClock::time_point start_ = SteadyClock::now();
    std::vector<std::shared_ptr<const Profile>> profiles_;
    std::vector<Kept> kept_;
    Guided sum_;
};

}  // namespace

Guided explore_guided(const GuidedOptions& options,
                      const std::function<void(const Progress&)>& progress) {
    return Guide(options, progress).explore();
}

}  // namespace sim::search
