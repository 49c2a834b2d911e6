#include "properties/verify.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

namespace properties {
namespace {

using Deviations = std::vector<sim::Deviation>;

// One run, and what may come after its last deviation.
struct Node {
    Deviations deviations;
    RunResult result;
    sim::Recorder recorder;
    std::size_t after = 0;  // the first draw behind the last deviation

    sim::Deviation at(std::size_t draw, std::uint64_t value) const {
        const sim::DrawPoint& point = recorder.draws()[draw];
        return {recorder.lane_name(point.lane), point.index, value};
    }
    std::string_view kind(std::size_t draw) const {
        return recorder.lane_kind(recorder.draws()[draw].lane).name;
    }
};

bool decides_disk(std::string_view kind) {
    return kind.starts_with("disk.");
}

class Verifier {
  public:
    Verifier(const std::string& name, const Subject& subject, const VerifyOptions& options)
        : name_(name), subject_(subject), options_(options) {}

    Verification verify() {
        const Node calm = play({});
        if (options_.shard.index == 0) {
            ++sum_.sum.runs;
            if (!calm.result.held()) note(calm, sum_.sum);
        }
        firsts_ = calm.result.held() ? extensions(calm) : std::vector<Deviations>();
        find_repeats(calm);
        for (std::uint64_t unit = 0; unit < firsts_.size(); ++unit) {
            if (options_.shard.owns(unit)) ++sum_.total_units;
        }
        parallel(
            firsts_.size(), options_.jobs, [&] { return stopped(); },
            [&](std::uint64_t unit) { work(unit); });
        for (auto& [number, unit] : units_) add(unit);
        sum_.units = units_.size();
        return std::move(sum_);
    }

  private:
    bool stopped() {
        return (options_.stop && options_.stop()) ||
               (options_.stop_after > 0 && broken_.load() >= options_.stop_after);
    }

    Node play(Deviations deviations) const {
        Node node;
        node.deviations = std::move(deviations);
        node.result = subject_(node.deviations, node.recorder);
        if (node.deviations.empty()) return node;
        const sim::Deviation& last = node.deviations.back();
        const auto& draws = node.recorder.draws();
        node.after = draws.size();
        for (std::size_t draw = 0; draw < draws.size(); ++draw) {
            if (draws[draw].index == last.index &&
                node.recorder.lane_name(draws[draw].lane) == last.lane) {
                node.after = draw + 1;
                break;
            }
        }
        return node;
    }

    void note(const Node& node, VerifyUnit& unit) {
        ++broken_;
        unit.broken.push_back(
            {name_, 0, node.result.violations[0], node.result.hash, node.deviations});
    }

    bool may_deviate(const sim::LaneKind& kind) const {
        return options_.only.empty() ||
               std::ranges::any_of(options_.only, [&](const std::string& name) {
                   return sim::means_kind(name, kind.name);
               });
    }

    // Every way to deviate once more.
    std::vector<Deviations> extensions(const Node& node) const {
        std::vector<Deviations> all;
        for (std::size_t draw = node.after; draw < node.recorder.draws().size(); ++draw) {
            const sim::DrawPoint& point = node.recorder.draws()[draw];
            const sim::LaneKind& kind = node.recorder.lane_kind(point.lane);
            if (options_.crashes && kind.name != "crash") continue;
            if (point.at < options_.from || point.at >= options_.until) continue;
            if (!may_deviate(kind)) continue;
            if (point.value != 0) continue;
            for (const std::uint64_t value : sim::alternatives(kind, point.bound)) {
                all.push_back(node.deviations);
                all.back().push_back(node.at(draw, value));
            }
        }
        return all;
    }

    // What else may have survived the last crash of the node, as further deviations.
    std::vector<Deviations> survivals(const Node& node, unsigned depth, VerifyUnit& unit) const {
        std::vector<sim::Deviation> lost;
        std::vector<sim::Deviation> torn;
        for (std::size_t draw = node.after;
             draw < node.recorder.draws().size() && decides_disk(node.kind(draw)); ++draw) {
            if (node.kind(draw) == "disk.lost-write") lost.push_back(node.at(draw, 1));
            if (node.kind(draw) == "disk.torn-write") torn.push_back(node.at(draw, 1));
        }
        std::vector<Deviations> all;
        const auto with = [&](auto begin, auto end) {
            all.push_back(node.deviations);
            all.back().insert(all.back().end(), begin, end);
        };
        constexpr std::size_t kMostCombined = 5;
        if (depth > 1) {
            if (!lost.empty()) with(lost.begin(), lost.end());
        } else if (lost.size() <= kMostCombined) {
            for (std::uint64_t mask = 1; mask < std::uint64_t{1} << lost.size(); ++mask) {
                Deviations some;
                for (std::size_t i = 0; i < lost.size(); ++i) {
                    if ((mask >> i & 1) != 0) some.push_back(lost[i]);
                }
                with(some.begin(), some.end());
            }
        } else {
            ++unit.unlisted;
            for (auto from = lost.begin(); from != lost.end(); ++from) {
                with(from, lost.end());
                if (from + 1 != lost.end()) with(from, from + 1);
            }
        }
        if (depth > 1) return all;
        for (auto one = torn.begin(); one != torn.end(); ++one) with(one, one + 1);
        return all;
    }

    // The run with these deviations and, in a crash sweep, those with all that may have survived.
    std::vector<Node> outcomes(const Deviations& deviations, unsigned depth,
                               VerifyUnit& unit) const {
        std::vector<Node> nodes;
        nodes.push_back(play(deviations));
        ++unit.runs;
        if (!options_.crashes) return nodes;
        ++unit.crashes[std::min(depth, 2U) - 1];
        for (const Deviations& survival : survivals(nodes.front(), depth, unit)) {
            nodes.push_back(play(survival));
            ++unit.runs;
        }
        return nodes;
    }

    // First deviations whose run is the calm one, or an earlier one's, in another order: they are
    // judged where they stand, but need not be extended. Every shard finds the same ones.
    void find_repeats(const Node& calm) {
        if (options_.deviations < 2) return;
        std::vector<std::vector<std::uint64_t>> digests(firsts_.size());
        parallel(
            firsts_.size(), options_.jobs, [&] { return options_.stop && options_.stop(); },
            [&](std::uint64_t number) {
                VerifyUnit ignored;
                for (const Node& node : outcomes(firsts_[number], 1, ignored)) {
                    digests[number].push_back(node.recorder.equivalence());
                }
            });
        std::set<std::uint64_t> seen = {calm.recorder.equivalence()};
        for (std::uint64_t number = 0; number < firsts_.size(); ++number) {
            for (std::size_t i = 0; i < digests[number].size(); ++i) {
                if (!seen.insert(digests[number][i]).second) repeats_.emplace(number, i);
            }
        }
    }

    void work(std::uint64_t number) {
        if (!options_.shard.owns(number)) return;
        VerifyUnit unit;
        if (const auto done = options_.done.find(number); done != options_.done.end()) {
            unit = done->second;
        } else {
            std::set<std::uint64_t> seen;
            const std::vector<Node> nodes = outcomes(firsts_[number], 1, unit);
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                judge(nodes[i], 1, repeats_.contains({number, i}), seen, unit);
            }
            if (options_.stop && options_.stop()) return;  // it may not be whole
        }
        const std::lock_guard lock(mutex_);
        const VerifyUnit& kept = units_.emplace(number, std::move(unit)).first->second;
        runs_ += kept.runs;
        if (options_.finished) options_.finished(number, kept);
        if (options_.progress) {
            options_.progress({runs_, units_.size(), sum_.total_units, broken_.load()});
        }
    }

    // Notes what broke; runs everything that begins with the node, unless that is known.
    void judge(const Node& node, unsigned depth, bool repeat, std::set<std::uint64_t>& seen,
               VerifyUnit& unit) {
        if (!node.result.held()) {
            note(node, unit);
            return;
        }
        const bool leaf = depth >= options_.deviations;
        if (leaf && !options_.crashes) return;
        if (repeat || !seen.insert(node.recorder.equivalence()).second) {
            ++unit.pruned;
            return;
        }
        ++unit.survivals;
        if (leaf) return;
        for (const Deviations& next : extensions(node)) {
            if (options_.stop && options_.stop()) return;
            for (const Node& outcome : outcomes(next, depth + 1, unit)) {
                judge(outcome, depth + 1, false, seen, unit);
            }
        }
    }

    void add(VerifyUnit& unit) {
        sum_.sum.runs += unit.runs;
        sum_.sum.pruned += unit.pruned;
        sum_.sum.crashes[0] += unit.crashes[0];
        sum_.sum.crashes[1] += unit.crashes[1];
        sum_.sum.survivals += unit.survivals;
        sum_.sum.unlisted += unit.unlisted;
        for (Broken& broken : unit.broken) sum_.sum.broken.push_back(std::move(broken));
    }

    const std::string& name_;
    const Subject& subject_;
    const VerifyOptions& options_;
    std::vector<Deviations> firsts_;                           // one for each unit
    std::set<std::pair<std::uint64_t, std::size_t>> repeats_;  // unit, outcome
    std::mutex mutex_;
    std::atomic<std::uint64_t> broken_{0};
    std::uint64_t runs_ = 0;
    std::map<std::uint64_t, VerifyUnit> units_;
    Verification sum_;
};

}  // namespace

Verification verify(const std::string& name, const Subject& subject, const VerifyOptions& options) {
    return Verifier(name, subject, options).verify();
}

std::vector<std::string> crash_sweep_faults() {
    return {"crash", "disk.lost-write", "disk.torn-write"};
}

Verification verify(const scenarios::Scenario& scenario, const VerifyOptions& options) {
    std::optional<std::vector<std::string>> faults = options.faults;
    if (options.crashes) faults = crash_sweep_faults();
    return verify(
        scenario.name,
        [&](const std::vector<sim::Deviation>& deviations, sim::Recorder& recorder) {
            RunOptions run_options;
            run_options.recorder = &recorder;
            run_options.faults = faults;
            return run(scenario, scenarios::recorded(deviations), run_options);
        },
        options);
}

}  // namespace properties
