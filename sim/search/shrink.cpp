#include "sim/search/shrink.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sim::search {
namespace {

using Deviations = std::vector<Deviation>;

class Shrinker {
  public:
    Shrinker(const Scenario& scenario, const std::string& property, const ShrinkOptions& options)
        : scenario_(scenario), property_(property), options_(options) {}

    Shrunk shrink(Deviations deviations) {
        if (!try_with(std::move(deviations))) {
            best_.runs = runs_;
            return std::move(best_);
        }
        best_.reproduced = true;
        do {
            remove_lanes();
            remove_pieces();
        } while (!stopped() && lower_values());
        best_.minimal = !stopped_;
        best_.runs = runs_;
        return std::move(best_);
    }

  private:
    bool stopped() {
        if (!stopped_) {
            stopped_ = runs_ >= options_.max_runs || (options_.stop && options_.stop());
        }
        return stopped_;
    }

    // Runs with these deviations; if the property breaks, they are the best so far. What is kept is
    // what the run really drew up to its end, so that deviations without effect fall away.
    bool try_with(Deviations deviations) {
        ++runs_;
        RunOptions options;
        options.record_tape = true;
        options.faults = options_.faults;
        RunResult result = run(scenario_, recorded(deviations), options);
        const bool same =
            std::any_of(result.violations.begin(), result.violations.end(),
                        [&](const Violation& broken) { return broken.property == property_; });
        if (same) {
            best_.deviations = std::move(result.deviations);
            best_.result = std::move(result);
            best_.result.deviations.clear();
        }
        if (options_.progress) options_.progress({runs_, best_.deviations.size()});
        return same;
    }

    // Without all deviations that the predicate names.
    template <class Predicate>
    bool try_without(const Predicate& predicate) {
        Deviations rest = best_.deviations;
        std::erase_if(rest, predicate);
        return rest.size() < best_.deviations.size() && try_with(std::move(rest));
    }

    // All of a lane at once, the fullest first.
    void remove_lanes() {
        std::map<std::string, std::size_t> sizes;
        for (const Deviation& deviation : best_.deviations) ++sizes[deviation.lane];
        std::vector<std::pair<std::size_t, std::string>> lanes;
        for (const auto& [lane, size] : sizes) lanes.emplace_back(size, lane);
        std::sort(lanes.rbegin(), lanes.rend());
        for (const auto& [size, lane] : lanes) {
            if (stopped()) return;
            try_without([&](const Deviation& deviation) { return deviation.lane == lane; });
        }
    }

    // Halves, quarters, and so on down to single ones, until none of those can go. The latest go
    // first: what happens late is least likely to matter.
    void remove_pieces() {
        std::size_t piece = std::max<std::size_t>(best_.deviations.size() / 2, 1);
        for (;;) {
            bool removed = false;
            std::size_t end = best_.deviations.size();
            while (end > 0 && !stopped()) {
                const std::size_t begin = end > piece ? end - piece : 0;
                Deviations rest = best_.deviations;
                rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
                           rest.begin() + static_cast<std::ptrdiff_t>(end));
                if (try_with(std::move(rest))) {
                    removed = true;
                    end = std::min(begin, best_.deviations.size());
                } else {
                    end = begin;
                }
            }
            if (stopped() || (piece == 1 && !removed)) return;
            if (piece > 1) piece /= 2;
        }
    }

    // Each value to the least that still breaks the property: 1, or half and half again. True if
    // any became smaller, since then more may be removed.
    bool lower_values() {
        bool lowered = false;
        for (std::size_t i = 0; i < best_.deviations.size(); ++i) {
            std::uint64_t least = 1;
            while (!stopped() && i < best_.deviations.size() && least < best_.deviations[i].value) {
                Deviations smaller = best_.deviations;
                smaller[i].value = least;
                if (try_with(std::move(smaller))) {
                    lowered = true;
                    break;
                }
                least += std::max<std::uint64_t>(1, (best_.deviations[i].value - least) / 2);
            }
        }
        return lowered;
    }

    const Scenario& scenario_;
    const std::string& property_;
    const ShrinkOptions& options_;
    Shrunk best_;
    std::uint64_t runs_ = 0;
    bool stopped_ = false;
};

}  // namespace

Shrunk shrink(const Scenario& scenario, std::vector<Deviation> deviations,
              const std::string& property, const ShrinkOptions& options) {
    return Shrinker(scenario, property, options).shrink(std::move(deviations));
}

}  // namespace sim::search
