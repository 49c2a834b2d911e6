#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/search/error.hpp"
#include "sim/search/session.hpp"

namespace sim::search {

// Which lane each decision of a run was drawn from, so that a replay against changed code can tell
// where it went another way.
struct DecisionLog {
    std::vector<std::string> lanes;
    std::vector<std::uint32_t> drawn;  // by decision: a place in `lanes`
};
DecisionLog decision_log(const Recorder& run);

// The first decision at which two runs ask different lanes, in words; empty if there is none.
std::string first_divergence(const DecisionLog& recorded, const DecisionLog& now);

// Of these deviations, those whose draw the run never made: it is another run than the one that
// they were recorded of.
std::size_t unmet(const std::vector<Deviation>& deviations, const Recorder& run);

// A broken run as a file: enough to replay it without its seed. JSON.
struct Failure {
    std::string scenario;
    std::string origin;      // where it came from, in words; the replay uses the tape
    std::uint64_t seed = 0;  // the same
    std::string property;
    std::string message;
    std::uint64_t hash = 0;
    std::string build;                               // of the program that wrote it
    std::optional<std::vector<std::string>> faults;  // allowed, if not those of the scenario
    std::vector<Deviation> deviations;               // in the order in which they were drawn
    std::vector<std::string> explanation;            // for people; not read back
    std::string bug;  // the planted bug that the tape catches, in a corpus; else empty
    DecisionLog decisions;
};

// Runs these deviations, and gives what a file says of them. `origin`, `seed` and `build` are left
// to the caller.
Failure record_failure(const Scenario& scenario, std::unique_ptr<Source> source,
                       const std::optional<std::vector<std::string>>& faults);

// Writes the file; an error names what could not be written and why.
Result<void> write_failure(const std::string& path, const Failure& failure);

// Reads one back. Anything but a whole failure file of a known version, of one of those scenarios,
// is an error of one line.
Result<Failure> read_failure(const std::string& path, std::span<const Scenario> known);
Result<Failure> parse_failure(std::string_view text, const std::string& path,
                              std::span<const Scenario> known);

std::string to_hex(std::uint64_t hash);

}  // namespace sim::search
