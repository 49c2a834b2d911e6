#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/scenario.hpp"
#include "scenarios/sources.hpp"

namespace properties {

struct Violation {
    std::string property;
    std::string message;
    std::uint64_t step = 0;
    sim::VirtualTime at{};
};

struct RunOptions {
    bool keep_events = false;  // for a story
    bool record_tape = false;  // for a failure file
    sim::TraceListener* listener = nullptr;
    sim::Recorder* recorder = nullptr;        // for engines that look for other runs
    std::optional<std::uint64_t> until_step;  // stop there, whatever has happened
    // In place of the scenario's own: which kinds of faults may strike.
    std::optional<std::vector<std::string>> faults;
    // Let the run go on when a property breaks, so that each tells whether it alone would catch
    // this.
    bool keep_going = false;
    std::string property;  // which one judges, alone; empty: all of them
    std::string sql;       // a query that the server's database answers where the run stops
};

struct RunResult {
    // Of one moment, since what breaks ends the run; if it is to go on, the first of each property.
    std::vector<Violation> violations;
    std::uint64_t hash = 0;
    std::uint64_t steps = 0;
    std::uint64_t decisions = 0;
    sim::VirtualTime virtual_time{};
    std::map<std::string, std::uint64_t> faults;  // by kind
    std::vector<sim::KeptEvent> events;
    std::vector<sim::Deviation> deviations;
    std::string sql_answer;      // a header line and a line for each row
    std::string sql_error;       // why there is no answer; empty if there is one
    bool stopped_early = false;  // at `until_step`, before its end
    bool held() const { return violations.empty(); }
};

// Plays the scenario once with all properties watching: the script under faults, the calm, what
// each project's client demands of it then, and the final account. Depends on nothing but its
// arguments.
RunResult run(const scenarios::Scenario& scenario, std::unique_ptr<sim::Source> source,
              const RunOptions& options = {});

}  // namespace properties
