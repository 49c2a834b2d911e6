#include "reports/found.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/input.hpp"
#include "reports/interrupt.hpp"
#include "sim/search/shrink.hpp"

namespace reports {
namespace {

using sim::search::Broken;
using sim::search::Failure;
using sim::search::Harness;
using sim::search::Result;

std::string path_of(const std::string& folder, const Broken& broken, std::size_t number) {
    const std::string name = broken.deviations.empty() && broken.seed > 0
                                 ? fmt::format("{}-{}.json", broken.scenario, broken.seed)
                                 : fmt::format("{}-found-{}.json", broken.scenario, number + 1);
    return (std::filesystem::path(folder) / name).string();
}

Failure record(const Harness& harness, const Broken& broken, const KeepOptions& options) {
    const sim::search::Scenario& scenario =
        *sim::search::find_scenario(harness.scenarios, broken.scenario);
    sim::search::SearchPlan plan = options.plan;
    const bool by_seed = broken.deviations.empty() && broken.seed > 0;
    if (by_seed) plan.profile = sim::search::calm_profile(scenario);
    Failure failure = sim::search::record_failure(
        scenario,
        by_seed ? sim::search::seeded(broken.seed, plan) : sim::search::recorded(broken.deviations),
        options.faults);
    failure.origin = options.origin;
    failure.seed = broken.seed;
    failure.build = build_identity();
    return failure;
}

}  // namespace

std::string shrunk_path(const std::string& path) {
    const std::filesystem::path file(path);
    if (file.stem().extension() == ".min") return path;
    return std::filesystem::path(file).replace_extension(".min.json").string();
}

ShrunkFailure shrink_failure(const Harness& harness, const Failure& failure, std::uint64_t max_runs,
                             bool live) {
    const sim::search::Scenario& scenario =
        *sim::search::find_scenario(harness.scenarios, failure.scenario);
    sim::search::ShrinkOptions options;
    options.max_runs = max_runs;
    options.faults = failure.faults;
    options.stop = interrupted;
    if (live) {
        options.progress = [](const sim::search::ShrinkProgress& progress) {
            if (progress.runs % 16 != 0) return;
            fmt::print(stderr, "\rshrinking: {} runs, {} deviations left   ", progress.runs,
                       progress.deviations);
            fflush(stderr);
        };
    }
    const sim::search::Shrunk shrunk =
        sim::search::shrink(scenario, failure.deviations, failure.property, options);
    if (live) fmt::print(stderr, "\r{:60}\r", "");
    ShrunkFailure result;
    result.before = failure.deviations.size();
    result.runs = shrunk.runs;
    result.reproduced = shrunk.reproduced;
    result.minimal = shrunk.minimal;
    result.failure = failure;
    if (!shrunk.reproduced) return result;
    result.failure = sim::search::record_failure(scenario, sim::search::recorded(shrunk.deviations),
                                                 failure.faults);
    result.failure.origin = failure.origin;
    result.failure.seed = failure.seed;
    result.failure.build = build_identity();
    return result;
}

Result<std::vector<SearchResult::Found>> keep_found(const Harness& harness,
                                                    const std::vector<Broken>& broken,
                                                    const KeepOptions& options, bool silent) {
    // A flood of failures has few causes: enough of them are kept to find those.
    constexpr std::size_t kMaxFiles = 100;
    constexpr std::uint64_t kMaxRuns = 5'000;
    std::set<std::pair<std::string, std::string>> shrunk;
    std::vector<SearchResult::Found> all;
    for (std::size_t i = 0; i < broken.size(); ++i) {
        const Broken& one = broken[i];
        all.push_back({one.scenario, one.seed, one.violation.property, one.violation.message, ""});
        if (!options.files || i >= kMaxFiles) continue;
        const Failure failure = record(harness, one, options);
        if (failure.property.empty()) {
            all.back().message +=
                "; it did not happen again from the same decisions: something here is not drawn "
                "from "
                "the tape, see `run --check`";
            continue;
        }
        all.back().file = path_of(options.folder, one, i);
        if (const auto written = sim::search::write_failure(all.back().file, failure); !written) {
            return std::unexpected(written.error());
        }
        const bool fresh = shrunk.emplace(one.scenario, one.violation.property).second;
        if (!options.shrink || !fresh || interrupted()) continue;
        const ShrunkFailure small = shrink_failure(harness, failure, kMaxRuns, options.live);
        const std::string path = shrunk_path(all.back().file);
        if (const auto written = sim::search::write_failure(path, small.failure); !written) {
            return std::unexpected(written.error());
        }
        all.back().file = path;
        if (!silent) {
            fmt::print("{}: {} deviations shrunk to {} in {} runs{}\n", one.violation.property,
                       small.before, small.failure.deviations.size(), small.runs,
                       small.minimal ? "" : " (not to the end)");
            for (const std::string& line : small.failure.explanation) fmt::print("  {}\n", line);
        }
    }
    return all;
}

std::string replay_line(const std::string& what) {
    return fmt::format("replay: {} replay {}\n", program(), what);
}

void print_found(const std::vector<SearchResult::Found>& found,
                 const sim::search::SearchPlan& plan) {
    // The first, and whatever else was broken at all.
    constexpr std::size_t kMax = 20;
    std::set<std::pair<std::string, std::string>> told;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const SearchResult::Found& one = found[i];
        if (!told.emplace(one.scenario, one.property).second && i >= kMax) {
            ++left_out;
            continue;
        }
        const std::string origin = one.seed > 0 ? fmt::format(" seed {}", one.seed) : "";
        fmt::print("BROKEN {}{}: {}: {}\n", one.scenario, origin, one.property, one.message);
        if (!one.file.empty()) {
            fmt::print("  {}", replay_line(one.file));
        } else if (one.seed > 0) {
            fmt::print("  {}", replay_line(fmt::format("{} --seed {}{}", one.scenario, one.seed,
                                                       options_of(plan))));
        }
    }
    if (left_out > 0) fmt::print("and {} more of the same\n", left_out);
}

}  // namespace reports
