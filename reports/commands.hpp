#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/search/failure_file.hpp"
#include "sim/search/harness.hpp"

// The verbs of the `vivarium` command line. Each prints what it found and gives the exit code of
// its verdict. Bad input is an Error, for which main says one line and exits with kBadInput.
namespace reports {

// What a seed means besides: how its deviations are chosen, and which faults there are.
struct PlanArguments {
    std::string strategy;  // empty: the default
    std::vector<std::string> only_faults;
    std::vector<std::string> without_faults;
    double fault_rate = 1;
};

struct RunArguments : PlanArguments {
    std::string target;  // scenario, or for replay a failure file
    std::optional<std::uint64_t> seed;
    bool calm = false;  // the empty tape in place of a seed
    bool check = false;
    bool json = false;
    bool story = false;
    std::string trace;                   // file for the events as JSON lines
    std::optional<std::uint64_t> until;  // so many steps; none: to the end
    std::string sql;
};

// What all searches take.
struct SearchArguments {
    unsigned jobs = 1;
    std::string shard;  // "I/N", I from 1; empty: all of it
    std::uint64_t stop_after = 0;
    bool json = false;
    bool quiet = false;
    bool no_shrink = false;
    std::string out = "out";
};

struct ExploreArguments : SearchArguments, PlanArguments {
    std::vector<std::string> scenarios;
    std::string seeds;
    std::string duration;
    bool calm = false;  // the calm runs too; without seeds, these alone
    bool keep_going = false;
    std::string property;  // empty: all
    bool rotate = false;
    bool guided = false;
    bool require_coverage = false;
    bool generated = false;
    bool coverage = false;  // print what was seen
    std::string hashes;     // file for the hash of every run
};

struct VerifyArguments : SearchArguments {
    std::string scenario;
    unsigned deviations = 1;
    bool crashes = false;
    bool pairs = false;
    std::vector<std::string> faults;  // in place of the scenario's own
    std::vector<std::string> only;    // kinds that may deviate; empty: all
    std::string within;               // "A..B" in seconds of virtual time; empty: always
    std::string state;                // file of finished work, to go on from
};

struct ShrinkArguments {
    std::string file;
    std::string out;  // empty: beside the file
    std::uint64_t max_runs = 20'000;
    bool quiet = false;
    bool json = false;
};

struct CorpusArguments {
    std::vector<std::string> files;
    std::string folder;
    std::string bug;  // add: which one the tapes catch; replay: which one this program has
    bool json = false;
};

struct MergeArguments {
    std::vector<std::string> folders;
    bool json = false;
};

sim::search::Result<int> list(const sim::search::Harness& harness, bool json);
sim::search::Result<int> run_seed(const sim::search::Harness& harness,
                                  const RunArguments& arguments);
sim::search::Result<int> replay(const sim::search::Harness& harness, const RunArguments& arguments);
sim::search::Result<int> explore(const sim::search::Harness& harness,
                                 const ExploreArguments& arguments);
sim::search::Result<int> verify(const sim::search::Harness& harness,
                                const VerifyArguments& arguments);
sim::search::Result<int> shrink(const sim::search::Harness& harness,
                                const ShrinkArguments& arguments);
// Adds failure files to a corpus; replays every file of one.
sim::search::Result<int> corpus_add(const sim::search::Harness& harness,
                                    const CorpusArguments& arguments);
sim::search::Result<int> corpus_replay(const sim::search::Harness& harness,
                                       const CorpusArguments& arguments);
// Sums up what the shards of one search wrote.
sim::search::Result<int> merge(const sim::search::Harness& harness,
                               const MergeArguments& arguments);

}  // namespace reports
