#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/search/scenario.hpp"
#include "sim/search/sources.hpp"

namespace sim::search {

struct Violation {
    std::string property;
    std::string message;
    std::uint64_t step = 0;
    VirtualTime at{};
};

// The property that every run is judged by: that its trial can be made, that it comes to its end,
// and that nothing is thrown on the way.
inline constexpr std::string_view kRunCompletes = "run-completes";

struct RunOptions {
    bool keep_events = false;  // for a story
    bool record_tape = false;  // for a failure file
    TraceListener* listener = nullptr;
    Recorder* recorder = nullptr;             // for engines that look for other runs
    std::optional<std::uint64_t> until_step;  // stop there, whatever has happened
    // In place of the scenario's own: which kinds of faults may strike.
    std::optional<std::vector<std::string>> faults;
    // Let the run go on when a property breaks, so that each tells whether it alone would catch
    // this.
    bool keep_going = false;
    std::string property;  // which one judges, alone; empty: all of them
    std::string question;  // that the trial is asked where the run stops; empty: none
};

struct RunResult {
    // Of one moment, since what breaks ends the run; if it is to go on, the first of each property.
    std::vector<Violation> violations;
    std::uint64_t hash = 0;
    std::uint64_t steps = 0;
    std::uint64_t decisions = 0;
    VirtualTime virtual_time{};
    std::map<std::string, std::uint64_t> faults;  // by kind
    std::vector<KeptEvent> events;
    std::vector<Deviation> deviations;
    std::string answer;          // to the question
    std::string no_answer;       // why there is none; empty if there is one
    bool stopped_early = false;  // at `until_step`, before its end
    bool completed = true;       // false: kRunCompletes is broken, whoever judges
    bool held() const { return violations.empty(); }
};

// One run of a scenario, which goes on as far as it is asked to. Depends on nothing but what it is
// made of; the scenario, and what the options point to, have to outlive it.
class Session {
  public:
    Session(const Scenario& scenario, std::unique_ptr<Source> source, RunOptions options = {});
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Runs one task. False if there is none left to run: the run has come to its end, and is
    // judged.
    bool step();
    // Runs to the end.
    void finish();
    // The trial as it is now. There is none if it could not be made, which step() and result() say.
    Trial& trial();
    // What came of it so far; takes what was kept with it.
    RunResult result();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Plays the scenario once, from its beginning to its end.
RunResult run(const Scenario& scenario, std::unique_ptr<Source> source,
              const RunOptions& options = {});

}  // namespace sim::search
