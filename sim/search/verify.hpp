#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/search/search.hpp"

namespace sim::search {

struct VerifyProgress {
    std::uint64_t runs = 0;
    std::uint64_t units = 0;  // finished, of `total_units`
    std::uint64_t total_units = 0;
    std::uint64_t broken = 0;
};

// What came of one part of the work: the runs that begin with one deviation of the calm run (with
// one crash point).
struct VerifyUnit {
    std::uint64_t runs = 0;
    std::uint64_t merged = 0;           // runs that became an earlier one: extended only until then
    std::uint64_t crashes[2] = {0, 0};  // crash points covered: single, and second of a pair
    std::uint64_t survivals = 0;        // distinct disks that crashes left
    std::uint64_t unlisted =
        0;  // crashes with too many unsynced writes to try all that may survive
    std::vector<Broken> broken;
};

struct VerifyOptions {
    unsigned deviations = 1;  // the most in one run; of a crash sweep, the most crashes
    bool crashes = false;     // sweep crash points in place of deviations
    std::optional<std::vector<std::string>> faults;  // allowed, if not those of the scenario
    std::vector<std::string> only;  // kinds of draws that may deviate; empty: all of them
    // Virtual time in which draws may deviate; the end is not in it.
    VirtualTime from{0};
    VirtualTime until = VirtualTime::max();
    unsigned jobs = 1;
    Shard shard;
    std::uint64_t stop_after = 0;              // stop when that many runs are broken; 0: never
    std::map<std::uint64_t, VerifyUnit> done;  // units of an earlier, interrupted verification
    std::function<bool()> stop;                // true: finish nothing more
    std::function<void(const VerifyProgress&)> progress;
    std::function<void(std::uint64_t, const VerifyUnit&)> finished;  // one thread at a time
};

// The sum of all units, which depends on the code, the scenario, the bound and the shard alone.
struct Verification {
    VerifyUnit sum;  // runs include the calm one, in shard 0; `broken` in the order of the units
    std::uint64_t units = 0;
    std::uint64_t total_units = 0;
    // Of the kinds asked for, those of which nothing could deviate; and unknown_faults().
    std::vector<std::string> unmet;
    bool complete() const { return units == total_units; }
};

// Runs every run of the scenario within that many deviations of the calm one, where a draw deviates
// to each of the values that its kind finds worth trying. A run that comes to rest in a state in
// which an earlier one did goes on as that one, and so do its extensions from there on: it is
// extended only until then.
//
// A crash sweep makes each place where a process may crash one, then each pair, and for each single
// crash tries what may have become of the unsynced writes: every combination of lost and kept for
// up to five of them, for more every prefix and every single one lost, and every single one torn;
// for the second of a pair all kept and all lost. Crashes from which the same database is recovered
// at the same time, with the same messages under way, have the same outcome: one of them is
// extended.
Verification verify(const Scenario& scenario, const VerifyOptions& options);

// The kinds of faults that a crash sweep allows, and no others.
std::vector<std::string> crash_sweep_faults();

// The same of anything that runs on a tape and tells a recorder what it decided.
using Subject =
    std::function<RunResult(const std::vector<Deviation>& deviations, Recorder& recorder)>;
Verification verify(const std::string& name, const Subject& subject, const VerifyOptions& options);

}  // namespace sim::search
