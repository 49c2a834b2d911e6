#include "sim/search/explore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

namespace sim::search {
namespace {

using SteadyClock = std::chrono::steady_clock;

double since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Hands out runs to any number of threads and gathers what came of them.
class Search {
  public:
    Search(const ExploreOptions& options, const std::function<void(const Progress&)>& progress)
        : options_(options),
          progress_(progress),
          calm_(options.calm ? options.scenarios.size() : 0),
          total_(calm_ + (options.last_seed + 1 - options.first_seed) *
                             (options.rotate ? 1 : options.scenarios.size())),
          plans_(options.scenarios.size()) {
        if (options.coverage) sum_.sometimes = Sometimes(options.scenarios);
    }

    bool stopped() {
        if (!stopped_.load() && (!options_.stop || !options_.stop())) return false;
        cut_short_ = true;
        return true;
    }
    std::uint64_t total() const { return total_; }

    void work(std::uint64_t number) {
        const std::uint64_t width = options_.scenarios.size();
        // Slantwise, so that each shard gets its share of every scenario.
        if (!options_.shard.owns(number / width + number % width)) return;
        const Scenario& scenario = *options_.scenarios[number % width];
        const bool calm = number < calm_;
        const std::uint64_t after = number - calm_;
        const std::uint64_t seed =
            calm ? 0 : options_.first_seed + (options_.rotate ? after : after / width);
        const auto begin = SteadyClock::now();
        std::unique_ptr<Coverage> coverage;
        RunOptions options;
        options.keep_going = options_.keep_going;
        options.property = options_.property;
        if (options_.coverage) {
            coverage = scenario.coverage();
            options.listener = coverage.get();
        }
        Plan& plan = plans_[number % width];
        if (!calm) {
            prepare(plan, scenario, [&] { return calm_profile(scenario); });
        }
        Recorder recorder;
        if (calm) options.recorder = &recorder;
        const RunResult result =
            run(scenario, calm ? calm_tape() : seeded(seed, plan.search), options);
        if (calm) {
            prepare(plan, scenario,
                    [&] { return std::make_shared<Profile>(profile_of(recorder)); });
        }
        gather(number, scenario, seed, result, coverage.get(), since(begin));
    }

    Exploration finish() {
        // Runs beyond the one that made the search stop were made only because of other threads.
        std::ranges::sort(found_, {}, [](const auto& found) { return found.first; });
        for (auto& [number, broken] : found_) {
            if (options_.stop_after > 0 && sum_.broken.size() >= options_.stop_after) break;
            sum_.broken.push_back(std::move(broken));
        }
        sum_.complete = !cut_short_.load();
        sum_.seconds = since(start_);
        const std::uint64_t of_seeds = sum_.runs - std::min(sum_.runs, calm_);
        sum_.seeds = options_.rotate ? of_seeds : of_seeds / options_.scenarios.size();
        return std::move(sum_);
    }

  private:
    struct Plan {
        SearchPlan search;
        std::once_flag prepared;
    };

    // Once for each scenario, when it is first needed: of many, a search may play a few only.
    template <class MakeProfile>
    void prepare(Plan& plan, const Scenario& scenario, const MakeProfile& profile) {
        std::call_once(plan.prepared, [&] {
            plan.search = options_.plan;
            plan.search.profile = profile();
            auto unknown = unknown_faults(scenario, *plan.search.profile);
            const std::lock_guard lock(mutex_);
            if (!unknown.empty()) sum_.unknown_faults[scenario.name] = std::move(unknown);
        });
    }

    void gather(std::uint64_t number, const Scenario& scenario, std::uint64_t seed,
                const RunResult& result, const Coverage* coverage, double seconds) {
        const std::lock_guard lock(mutex_);
        ++sum_.runs;
        sum_.unfinished += result.completed ? 0 : 1;
        sum_.steps += result.steps;
        sum_.decisions += result.decisions;
        const double hours = static_cast<double>(result.virtual_time.count()) / 3.6e9;
        sum_.virtual_hours += hours;
        for (const auto& [kind, count] : result.faults) sum_.faults[kind] += count;
        if (coverage != nullptr) {
            for (const auto& [name, count] : coverage->seen()) sum_.behaviours[name] += count;
            sum_.sometimes.add(scenario.name, *coverage);
        }
        Exploration::Totals& totals = sum_.per_scenario[scenario.name];
        ++totals.runs;
        totals.seconds += seconds;
        totals.virtual_hours += hours;
        if (options_.keep_hashes) {
            sum_.hashes[fmt::format("{} {}", scenario.name, seed)] = result.hash;
        }
        if (!result.held()) {
            for (std::size_t i = 0; i < result.violations.size(); ++i) {
                found_.push_back(
                    {{number, i}, {scenario.name, seed, result.violations[i], result.hash, {}}});
                if (!options_.keep_going) break;
            }
            if (options_.stop_after > 0 && found_.size() >= options_.stop_after) stopped_ = true;
        }
        if (options_.seconds > 0 && since(start_) >= options_.seconds) stopped_ = true;
        if (progress_ && since(start_) - told_ >= 0.2) {
            told_ = since(start_);
            progress_({sum_.runs, total_ / options_.shard.count, found_.size(), told_});
        }
    }

    const ExploreOptions& options_;
    const std::function<void(const Progress&)>& progress_;
    const std::uint64_t calm_;  // so many runs come before those of seeds
    const std::uint64_t total_;
    const SteadyClock::time_point start_ = SteadyClock::now();
    std::vector<Plan> plans_;  // by scenario
    std::atomic<bool> stopped_{false};
    std::atomic<bool> cut_short_{false};
    std::mutex mutex_;
    double told_ = 0;
    Exploration sum_;
    using Place = std::pair<std::uint64_t, std::size_t>;  // of a run, and of a property in it
    std::vector<std::pair<Place, Broken>> found_;
};

}  // namespace

Exploration explore(const ExploreOptions& options,
                    const std::function<void(const Progress&)>& progress) {
    Search search(options, progress);
    parallel(
        search.total(), options.jobs, [&] { return search.stopped(); },
        [&](std::uint64_t number) { search.work(number); });
    return search.finish();
}

}  // namespace sim::search
