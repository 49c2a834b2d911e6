#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reports/verdict.hpp"
#include "sim/search/coverage.hpp"
#include "sim/search/error.hpp"
#include "sim/search/search.hpp"

namespace reports {

// Names of totals that verdicts read.
inline constexpr const char* kRuns = "runs";
inline constexpr const char* kParts = "parts";  // of a verification; none: nothing deviates
inline constexpr const char* kUnfinished = "unfinished";  // runs that did not come to their end
inline constexpr const char* kUnlisted = "unlisted";      // crashes whose outcomes are too many

// What one shard of a search found, as a file. Shards of the same search can be summed.
struct SearchResult {
    struct Found {
        std::string scenario;
        std::uint64_t seed = 0;
        std::string property;
        std::string message;
        std::string file;  // failure file; empty if none was written
    };

    std::string verb;                           // "explore" or "verify"
    std::map<std::string, std::string> search;  // what was asked for, but for the shard
    sim::search::Shard shard;
    bool complete = true;            // false: stopped before its end
    std::vector<std::string> unmet;  // kinds of faults or decisions asked for that never were
    double seconds = 0;
    std::map<std::string, std::uint64_t> totals;  // such as runs; summed by name
    std::map<std::string, std::uint64_t> faults;  // by kind
    std::map<std::string, std::uint64_t> behaviours;
    sim::search::Sometimes sometimes;  // empty unless they are required
    std::vector<Found> broken;
};

// Writes it to FOLDER/VERB-I-of-N.json.
sim::search::Result<void> write_result(const std::string& folder, const SearchResult& result);

// Every result below the folders, in order of their shards. It is an error if there is none, if
// they are not of one search, or if a shard is missing or there twice.
sim::search::Result<std::vector<SearchResult>> read_results(
    const std::vector<std::string>& folders);

// A list of objects, as every verb prints what broke.
nlohmann::json to_json(const std::vector<SearchResult::Found>& found);

// Behaviours that had to be seen and were not, "SCENARIO: BEHAVIOUR"; none of a shard, which need
// not see everything by itself.
std::vector<std::string> never_seen(const SearchResult& result);

// What may be said of it; of a shard less is asked than of the whole.
Verdict judge(const SearchResult& result);

SearchResult sum(const std::vector<SearchResult>& shards);

}  // namespace reports
