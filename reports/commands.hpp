#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "properties/failure_file.hpp"

// The verbs of the `vivarium` command line. Each prints what it found and gives the exit code: 0,
// all held; 1, a property broke. Bad input is an Error, for which main says one line and exits 2.
namespace reports {

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
};
// "7" or "1..5000"; at most 10^12 seeds.
lifecycle::Result<SeedRange> parse_seeds(const std::string& text);

// "90s", "2m", "1h" or "45": seconds.
lifecycle::Result<double> parse_duration(const std::string& text);

struct RunArguments {
    std::string target;  // scenario, or for replay a failure file
    std::uint64_t seed = 0;
    bool calm = false;  // the empty tape in place of a seed
    bool check = false;
    bool json = false;
    bool story = false;
    std::string trace;        // file for the events as JSON lines
    std::uint64_t until = 0;  // 0: to the end
    std::string sql;
};

struct ExploreArguments {
    std::vector<std::string> scenarios;
    std::string seeds;
    std::string duration;
    unsigned jobs = 1;
    std::uint64_t stop_after = 0;
    bool json = false;
    bool quiet = false;
    std::string out = "out";
    std::string hashes;  // file for the hash of every run
};

lifecycle::Result<int> list(bool json);
lifecycle::Result<int> run_seed(const RunArguments& arguments);
lifecycle::Result<int> replay(const RunArguments& arguments);
lifecycle::Result<int> explore(const ExploreArguments& arguments);

}  // namespace reports
