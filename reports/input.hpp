#pragma once

#include <string>
#include <vector>

#include "properties/failure_file.hpp"
#include "properties/search.hpp"
#include "reports/commands.hpp"

// What the verbs share in judging what they were given.
namespace reports {

lifecycle::Error bad_input(std::string message, std::string action);

lifecycle::Result<const scenarios::Scenario*> known_scenario(const std::string& name);
// All of the catalog, if none is named.
lifecycle::Result<std::vector<const scenarios::Scenario*>> known_scenarios(
    const std::vector<std::string>& names);

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
};
// "7" or "1..5000"; at most 10^12 seeds.
lifecycle::Result<SeedRange> parse_seeds(const std::string& text);

// "90s", "2m", "1h" or "45": seconds.
lifecycle::Result<double> parse_duration(const std::string& text);

// "3/8": the third of eight parts. Empty: the only part.
lifecycle::Result<properties::Shard> parse_shard(const std::string& text);

lifecycle::Result<sim::StrategyChoice> parse_strategy(const std::string& text);

// The same with the switches of faults, without a profile.
lifecycle::Result<sim::SearchPlan> parse_plan(const PlanArguments& arguments);
// The options that mean that plan again; empty, or with a blank before it.
std::string options_of(const sim::SearchPlan& plan);

// An error unless there is a property of that name.
lifecycle::Result<void> known_property(const std::string& name);

// Every kind of fault that the catalog's worlds know, as the calm storm opens them.
const std::map<std::string, sim::LaneKind>& fault_kinds();
// An error unless each means a known kind.
lifecycle::Result<void> known_faults(const std::vector<std::string>& names);

// Says so with the reason of the last failed call.
lifecycle::Error cannot_write(const std::string& path);

// Makes the folder, and sees that it can be written to: a search that cannot keep what it finds is
// not begun.
lifecycle::Result<void> prepare_folder(const std::string& folder);

}  // namespace reports
