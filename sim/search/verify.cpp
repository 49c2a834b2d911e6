#include "sim/search/verify.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "sim/search/verifier.hpp"

namespace sim::search {

Verifier::Verifier(const std::string& name, const Subject& subject, const VerifyOptions& options)
    : options_(options), name_(name), subject_(subject) {
    for (const std::string& kind : options.only) asked_.emplace_back(kind);
    if (options.crashes || !options.faults) return;
    for (const std::string& kind : *options.faults) asked_.emplace_back(kind);
}

Verification Verifier::verify() {
    const Node calm = play({});
    if (options_.shard.index == 0) {
        ++sum_.sum.runs;
        if (!calm.result.held()) note(calm, sum_.sum);
    }
    if (calm.result.held()) {
        firsts_ = extensions(calm);
        prepare(calm);
    }
    for (std::uint64_t unit = 0; unit < firsts_.size(); ++unit) {
        if (options_.shard.owns(unit)) ++sum_.total_units;
    }
    parallel(
        firsts_.size(), options_.jobs, [&] { return stopped(); },
        [&](std::uint64_t number) {
            if (options_.shard.owns(number)) finish(number);
        });
    for (auto& [number, unit] : units_) add(unit);
    sum_.units = units_.size();
    for (const Asked& asked : asked_) {
        if (!asked.met) sum_.unmet.push_back(asked.name);
    }
    return std::move(sum_);
}

void Verifier::finish(std::uint64_t number) {
    VerifyUnit unit;
    if (const auto done = options_.done.find(number); done != options_.done.end()) {
        unit = done->second;
    } else {
        work(number, unit);
        if (interrupted()) return;  // it may not be whole
    }
    const std::lock_guard lock(mutex_);
    const VerifyUnit& kept = units_.emplace(number, std::move(unit)).first->second;
    runs_ += kept.runs;
    if (options_.finished) options_.finished(number, kept);
    if (options_.progress) {
        options_.progress({runs_, units_.size(), sum_.total_units, broken_.load()});
    }
}

void Verifier::add(VerifyUnit& unit) {
    sum_.sum.runs += unit.runs;
    sum_.sum.merged += unit.merged;
    sum_.sum.crashes[0] += unit.crashes[0];
    sum_.sum.crashes[1] += unit.crashes[1];
    sum_.sum.survivals += unit.survivals;
    sum_.sum.unlisted += unit.unlisted;
    for (Broken& broken : unit.broken) sum_.sum.broken.push_back(std::move(broken));
}

Node Verifier::play(Deviations deviations) const {
    Node node;
    node.deviations = std::move(deviations);
    node.result = subject_(node.deviations, node.recorder);
    if (node.deviations.empty()) return node;
    const Deviation& last = node.deviations.back();
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

bool Verifier::may_deviate(const LaneKind& kind) const {
    return options_.only.empty() || matches_kind(options_.only, kind.name);
}

void Verifier::meet(const LaneKind& kind) const {
    for (Asked& asked : asked_) {
        if (!asked.met && matches_kind(asked.name, kind.name)) asked.met = true;
    }
}

std::vector<Deviations> Verifier::extensions(const Node& node) const {
    std::vector<Deviations> all;
    const std::size_t end = std::min(node.until, node.recorder.draws().size());
    for (std::size_t draw = node.after; draw < end; ++draw) {
        const DrawPoint& point = node.recorder.draws()[draw];
        const LaneKind& kind = node.recorder.lane_kind(point.lane);
        if (point.at < options_.from || point.at >= options_.until) continue;
        meet(kind);
        if (point.value != 0 || !may_deviate(kind)) continue;
        for (const std::uint64_t value : alternatives(kind, point.bound)) {
            all.push_back(node.deviations);
            all.back().push_back(node.at(draw, value));
        }
    }
    return all;
}

void Verifier::note(const Node& node, VerifyUnit& unit) {
    ++broken_;
    unit.broken.push_back({name_, 0, node.result.violations[0], node.result.hash, node.deviations});
}

namespace {

using States = std::unordered_set<std::uint64_t>;
using Rests = std::vector<Recorder::Rest>;

// Those behind the last deviation.
Rests rests_of(const Node& node) {
    Rests rests = node.recorder.rests_seen();
    std::erase_if(rests, [&](const Recorder::Rest& rest) { return rest.draws < node.after; });
    return rests;
}

// Notes the states of a run up to the first that is known; how much was drawn until then.
std::size_t merge(const Rests& rests, States& known, const States* also = nullptr) {
    for (const Recorder::Rest& rest : rests) {
        if (also != nullptr && also->contains(rest.state)) return rest.draws;
        if (!known.insert(rest.state).second) return rest.draws;
    }
    return kNever;
}

class DeviationVerifier final : public Verifier {
  public:
    using Verifier::Verifier;

  private:
    // Finds where each first deviation's run becomes an earlier one: every shard the same.
    void prepare(const Node& calm) override {
        until_.resize(firsts_.size(), kNever);
        if (options_.deviations < 2) return;
        std::vector<Rests> rests(firsts_.size());
        parallel(
            firsts_.size(), options_.jobs, [&] { return interrupted(); },
            [&](std::uint64_t number) {
                const Node node = play(firsts_[number]);
                if (node.result.held()) rests[number] = rests_of(node);
            });
        merge(rests_of(calm), extended_);
        for (std::uint64_t number = 0; number < firsts_.size(); ++number) {
            until_[number] = merge(rests[number], extended_);
        }
    }

    void work(std::uint64_t number, VerifyUnit& unit) override {
        States extended;
        Node node = play(firsts_[number]);
        node.until = until_[number];
        judge(node, 1, extended, unit);
    }

    // `extended`: the states from which runs of this unit with two deviations or more go on.
    void judge(const Node& node, unsigned depth, States& extended, VerifyUnit& unit) {
        ++unit.runs;
        if (!node.result.held()) {
            note(node, unit);
            return;
        }
        if (depth == options_.deviations) return;
        if (node.until != kNever) ++unit.merged;
        for (const Deviations& next : extensions(node)) {
            if (interrupted()) return;
            Node further = play(next);
            if (depth + 1 < options_.deviations && further.result.held()) {
                further.until = merge(rests_of(further), extended, &extended_);
            }
            judge(further, depth + 1, extended, unit);
        }
    }

    States extended_;                 // by the calm run and those of one deviation
    std::vector<std::size_t> until_;  // of the run of each first deviation
};

}  // namespace

std::unique_ptr<Verifier> deviation_verifier(const std::string& name, const Subject& subject,
                                             const VerifyOptions& options) {
    return std::make_unique<DeviationVerifier>(name, subject, options);
}

Verification verify(const std::string& name, const Subject& subject, const VerifyOptions& options) {
    return options.crashes ? crash_verifier(name, subject, options)->verify()
                           : deviation_verifier(name, subject, options)->verify();
}

Verification verify(const Scenario& scenario, const VerifyOptions& options) {
    std::optional<std::vector<std::string>> faults = options.faults;
    if (options.crashes) faults = crash_sweep_faults();
    Verification done = verify(
        scenario.name,
        [&](const std::vector<Deviation>& deviations, Recorder& recorder) {
            RunOptions run_options;
            run_options.recorder = &recorder;
            run_options.faults = faults;
            return run(scenario, recorded(deviations), run_options);
        },
        options);
    if (!faults) {
        for (std::string& name : unknown_faults(scenario, *calm_profile(scenario))) {
            done.unmet.push_back(std::move(name));
        }
    }
    return done;
}

}  // namespace sim::search
