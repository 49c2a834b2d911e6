#pragma once

#include <string>
#include <vector>

#include "reports/commands.hpp"
#include "sim/search/failure_file.hpp"
#include "sim/search/harness.hpp"
#include "sim/search/search.hpp"

// What the verbs share in judging what they were given.
namespace reports {

sim::search::Error bad_input(std::string message, std::string action);

sim::search::Result<const sim::search::Scenario*> known_scenario(
    const sim::search::Harness& harness, const std::string& name);
// All that there are, if none is named.
sim::search::Result<std::vector<const sim::search::Scenario*>> known_scenarios(
    const sim::search::Harness& harness, const std::vector<std::string>& names);

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
};
// "7" or "1..5000"; at most 10^12 seeds.
sim::search::Result<SeedRange> parse_seeds(const std::string& text);

// "90s", "2m", "1h" or "45": seconds.
sim::search::Result<double> parse_duration(const std::string& text);

// "3/8": the third of eight parts. Empty: the only part.
sim::search::Result<sim::search::Shard> parse_shard(const std::string& text);

sim::search::Result<sim::search::StrategyChoice> parse_strategy(const std::string& text);

// The same with the switches of faults, without a profile.
sim::search::Result<sim::search::SearchPlan> parse_plan(const sim::search::Harness& harness,
                                                        const PlanArguments& arguments);
// The options that mean that plan again; empty, or with a blank before it.
std::string options_of(const sim::search::SearchPlan& plan);

// An error unless there is a property of that name.
sim::search::Result<void> known_property(const sim::search::Harness& harness,
                                         const std::string& name);

// Every kind of fault for which some calm run has a lane. Plays those runs: see Harness::widest.
std::map<std::string, sim::LaneKind> fault_kinds(const sim::search::Harness& harness);
// An error unless each means a known kind.
sim::search::Result<void> known_faults(const sim::search::Harness& harness,
                                       const std::vector<std::string>& names);

// An error unless each means a kind of decision, or a group of them, of which the scenario's calm
// run opens a lane. Plays that run.
sim::search::Result<void> known_kinds(const sim::search::Scenario& scenario,
                                      const std::vector<std::string>& names);

// Says so with the reason of the last failed call.
sim::search::Error cannot_write(const std::string& path);

// Makes the folder, and sees that it can be written to: a search that cannot keep what it finds is
// not begun.
sim::search::Result<void> prepare_folder(const std::string& folder);

}  // namespace reports
