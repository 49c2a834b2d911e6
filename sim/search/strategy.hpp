#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/seeded_source.hpp"
#include "sim/world/tape.hpp"

namespace sim {
class Recorder;
}

namespace sim::search {

// How seeds search. All but `few` and `swarm` differ in who runs next and let every kind of fault
// that is switched on strike at its own rate.
enum class Strategy : std::uint8_t {
    mix,     // each seed takes one of the others, with faults as in `swarm`
    fifo,    // whoever is first in line
    random,  // any ready task with equal chance, at each step
    urw,     // weighted by the tasks that a flow still has to run: near uniform over interleavings
    pct,     // random priorities for flows, lowered at depth - 1 random steps
    delay,   // first in line, but for `depth` random steps that let the next go first
    few,     // the calm run but for `depth` random deviations, spread evenly over their kinds
    swarm,   // random, and each seed first draws which faults exist and how often they strike
};

struct StrategyChoice {
    Strategy strategy = Strategy::mix;
    unsigned depth = 0;  // 0: each seed takes one from 1 to 4
    friend bool operator==(const StrategyChoice&, const StrategyChoice&) = default;
};

// "mix", "pct", "pct:3"; nothing if it is none.
std::optional<StrategyChoice> parse_strategy(std::string_view text);
std::string to_string(const StrategyChoice& choice);
std::span<const std::string_view> strategy_names();

// What the calm run of a scenario looks like: what there is to deviate from.
struct Profile {
    struct Lane {
        std::string name;
        LaneKind kind;
        std::uint64_t draws = 0;
        std::uint64_t bound = 2;  // the largest
    };
    std::vector<Lane> lanes;
    std::vector<std::uint32_t> flow_tasks;  // how many tasks each flow had, by flow
    std::uint64_t scheduler_draws = 1;
};
Profile profile_of(const Recorder& calm_run);

struct SearchPlan {
    StrategyChoice choice;
    FaultSwitches switches;
    std::shared_ptr<const Profile> profile;  // without one, strategies guess
};

// The deviations of one seed under the plan; depends on nothing else.
std::unique_ptr<Source> make_source(const SearchPlan& plan, std::uint64_t seed);

// Deviations from the calm run, `depth` of them, for engines that need the list itself.
std::vector<Deviation> few_deviations(const Profile& profile, const FaultSwitches& switches,
                                      std::uint64_t seed, unsigned depth);

}  // namespace sim::search
