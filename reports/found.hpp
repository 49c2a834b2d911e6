#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/result_file.hpp"
#include "sim/search/failure_file.hpp"
#include "sim/search/harness.hpp"
#include "sim/search/search.hpp"

// What a search does with the runs that it found broken.
namespace reports {

struct KeepOptions {
    std::string folder;
    std::string origin;  // what searched, in words
    sim::search::SearchPlan plan;
    std::optional<std::vector<std::string>> faults;  // allowed, if not those of the scenario
    bool shrink = true;
    bool files = true;  // false: what broke is told, and nothing is kept
    bool live = false;  // tell how far the shrinking is
};

// Writes a failure file for each broken run, up to a hundred, and for the first of each scenario
// and property a shrunk one too (NAME.min.json), whose explanation is printed unless `silent`.
sim::search::Result<std::vector<SearchResult::Found>> keep_found(
    const sim::search::Harness& harness, const std::vector<sim::search::Broken>& broken,
    const KeepOptions& options, bool silent);

// Where the shrunk form of a failure file is kept unless another place is named: beside it.
std::string shrunk_path(const std::string& path);

// "replay: PROGRAM replay WHAT", a line.
std::string replay_line(const std::string& what);

// Prints what broke and how to replay it: the first twenty, and of each scenario and property that
// broke the first. The plan is that of the seeds.
void print_found(const std::vector<SearchResult::Found>& found,
                 const sim::search::SearchPlan& plan = {});

// Shrinks a failure, deterministically but for interruption. The result's file fields are whole.
struct ShrunkFailure {
    sim::search::Failure failure;
    std::size_t before = 0;  // deviations
    std::uint64_t runs = 0;
    bool reproduced = false;
    bool minimal = false;
};
ShrunkFailure shrink_failure(const sim::search::Harness& harness,
                             const sim::search::Failure& failure, std::uint64_t max_runs,
                             bool live);

}  // namespace reports
