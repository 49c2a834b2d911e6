#include <algorithm>
#include <set>
#include <utility>

#include "sim/disk/disk.hpp"
#include "sim/search/verifier.hpp"

namespace sim::search {
namespace {

// Crashes deviate from nothing but the place of a crash and what survives it. So runs that are the
// same but for that have the same outcome.
class CrashVerifier final : public Verifier {
  public:
    using Verifier::Verifier;

  private:
    bool may_deviate(const LaneKind& kind) const override {
        return kind.effect == Effect::crash && Verifier::may_deviate(kind);
    }

    // First crashes whose outcome is an earlier one's: they are judged where they stand, but need
    // not be extended. Every shard finds the same ones.
    void prepare(const Node& calm) override {
        if (options_.deviations < 2) return;
        std::vector<std::vector<std::uint64_t>> digests(firsts_.size());
        parallel(
            firsts_.size(), options_.jobs, [&] { return interrupted(); },
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

    void work(std::uint64_t number, VerifyUnit& unit) override {
        std::set<std::uint64_t> seen;
        const std::vector<Node> nodes = outcomes(firsts_[number], 1, unit);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            judge(nodes[i], 1, repeats_.contains({number, i}), seen, unit);
        }
    }

    // Notes what broke; runs every crash that comes after, unless that is known.
    void judge(const Node& node, unsigned depth, bool repeat, std::set<std::uint64_t>& seen,
               VerifyUnit& unit) {
        if (!node.result.held()) {
            note(node, unit);
            return;
        }
        if (repeat || !seen.insert(node.recorder.equivalence()).second) {
            ++unit.merged;
            return;
        }
        ++unit.survivals;
        if (depth >= options_.deviations) return;
        for (const Deviations& next : extensions(node)) {
            if (interrupted()) return;
            for (const Node& outcome : outcomes(next, depth + 1, unit)) {
                judge(outcome, depth + 1, false, seen, unit);
            }
        }
    }

    // The run with these deviations, and those with all that may have survived.
    std::vector<Node> outcomes(const Deviations& deviations, unsigned depth,
                               VerifyUnit& unit) const {
        std::vector<Node> nodes;
        nodes.push_back(play(deviations));
        ++unit.runs;
        ++unit.crashes[std::min(depth, 2U) - 1];
        for (const Deviations& survival : survivals(nodes.front(), depth, unit)) {
            nodes.push_back(play(survival));
            ++unit.runs;
        }
        return nodes;
    }

    // What else may have survived the last crash of the node, as further deviations.
    static std::vector<Deviations> survivals(const Node& node, unsigned depth, VerifyUnit& unit) {
        std::vector<Deviation> lost;
        std::vector<Deviation> torn;
        for (std::size_t draw = node.after;
             draw < node.recorder.draws().size() && node.kind(draw).effect == Effect::disk;
             ++draw) {
            if (node.kind(draw).name == kLostWrite) lost.push_back(node.at(draw, 1));
            if (node.kind(draw).name == kTornWrite) torn.push_back(node.at(draw, 1));
        }
        std::vector<Deviations> all;
        const auto with = [&](auto begin, auto end) {
            all.push_back(node.deviations);
            all.back().insert(all.back().end(), begin, end);
        };
        constexpr std::size_t kMaxCombined = 5;
        if (depth > 1) {
            if (!lost.empty()) with(lost.begin(), lost.end());
        } else if (lost.size() <= kMaxCombined) {
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

    std::set<std::pair<std::uint64_t, std::size_t>> repeats_;  // unit, outcome
};

}  // namespace

std::unique_ptr<Verifier> crash_verifier(const std::string& name, const Subject& subject,
                                         const VerifyOptions& options) {
    return std::make_unique<CrashVerifier>(name, subject, options);
}

std::vector<std::string> crash_sweep_faults() {
    return {std::string(kCrash), std::string(kLostWrite), std::string(kTornWrite)};
}

}  // namespace sim::search
