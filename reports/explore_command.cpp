#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "properties/explore.hpp"
#include "properties/failure_file.hpp"
#include "reports/commands.hpp"
#include "reports/input.hpp"
#include "reports/text.hpp"

namespace reports {
namespace {

using lifecycle::Error;
using lifecycle::ErrorCode;
using lifecycle::Result;
using nlohmann::json;

Result<properties::ExploreOptions> options_of(const ExploreArguments& arguments) {
    properties::ExploreOptions options;
    for (const std::string& name : arguments.scenarios) {
        const auto scenario = known_scenario(name);
        if (!scenario) return std::unexpected(scenario.error());
        options.scenarios.push_back(*scenario);
    }
    if (options.scenarios.empty()) {
        for (const scenarios::Scenario& scenario : scenarios::catalog()) {
            options.scenarios.push_back(&scenario);
        }
    }
    if (!arguments.duration.empty()) {
        const auto seconds = parse_duration(arguments.duration);
        if (!seconds) return std::unexpected(seconds.error());
        options.seconds = *seconds;
    }
    const bool timed = !arguments.duration.empty() && arguments.seeds.empty();
    const auto seeds = parse_seeds(timed                     ? "1..1000000000"
                                   : arguments.seeds.empty() ? "1..1000"
                                                             : arguments.seeds);
    if (!seeds) return std::unexpected(seeds.error());
    options.first_seed = seeds->first;
    options.last_seed = seeds->last;
    options.jobs = arguments.jobs;
    options.stop_after = arguments.stop_after;
    options.keep_hashes = !arguments.hashes.empty();
    return options;
}

// The folder is made at once: an exploration that cannot keep what it finds is not begun.
Result<void> prepare_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error && access(folder.c_str(), W_OK) != 0) {
        error = std::error_code(errno, std::generic_category());
    }
    if (error) {
        return std::unexpected(
            Error(ErrorCode::bad_request,
                  fmt::format("cannot write into {}: {}", folder, error.message()),
                  "name another folder with --out"));
    }
    return {};
}

// Runs a broken seed again with its tape recorded, and writes what replays it.
Result<std::string> keep(const properties::Broken& broken, const std::string& folder) {
    properties::RunOptions options;
    options.record_tape = true;
    const scenarios::Scenario& scenario = *scenarios::find_scenario(broken.scenario);
    properties::RunResult result =
        properties::run(scenario, scenarios::seeded(broken.seed), options);
    std::string file =
        (std::filesystem::path(folder) / fmt::format("{}-{}.json", broken.scenario, broken.seed))
            .string();
    const auto written = properties::write_failure(
        file, {broken.scenario, broken.seed, broken.violation.property, broken.violation.message,
               broken.hash, std::move(result.deviations)});
    if (!written) return std::unexpected(written.error());
    return file;
}

void show(const properties::Progress& progress) {
    const double rate =
        static_cast<double>(progress.runs) / (progress.seconds > 0 ? progress.seconds : 1);
    fmt::print(stderr, "\r{} of {} runs, {:.0f} a second, {} broken   ", progress.runs,
               progress.total, rate, progress.broken);
    fflush(stderr);
}

Result<void> write_hashes(const std::string& path,
                          const std::map<std::string, std::uint64_t>& hashes) {
    std::ofstream out(path, std::ios::binary);
    for (const auto& [run, hash] : hashes) out << run << ' ' << properties::to_hex(hash) << '\n';
    out.close();
    if (out) return {};
    return std::unexpected(cannot_write(path));
}

void print_json(const properties::ExploreOptions& options,
                const properties::Exploration& exploration, const std::vector<std::string>& files) {
    json scenarios = json::array();
    for (const scenarios::Scenario* scenario : options.scenarios) {
        scenarios.push_back(scenario->name);
    }
    json broken = json::array();
    for (std::size_t i = 0; i < exploration.broken.size(); ++i) {
        const properties::Broken& one = exploration.broken[i];
        broken.push_back({{"scenario", one.scenario},
                          {"seed", one.seed},
                          {"property", one.violation.property},
                          {"message", one.violation.message},
                          {"file", i < files.size() ? files[i] : ""}});
    }
    const double seconds = exploration.seconds > 0 ? exploration.seconds : 1e-9;
    fmt::print("{}\n", json{{"scenarios", scenarios},
                            {"seeds", exploration.seeds},
                            {"runs", exploration.runs},
                            {"broken", broken},
                            {"faults", exploration.faults},
                            {"seeds_per_second", static_cast<double>(exploration.runs) / seconds},
                            {"virtual_hours_per_second", exploration.virtual_hours / seconds}}
                           .dump());
}

}  // namespace

Result<int> explore(const ExploreArguments& arguments) {
    const auto options = options_of(arguments);
    if (!options) return std::unexpected(options.error());
    if (auto folder = prepare_folder(arguments.out); !folder) {
        return std::unexpected(folder.error());
    }
    const bool live = !arguments.quiet && !arguments.json && isatty(STDERR_FILENO) == 1;
    const properties::Exploration exploration = properties::explore(
        *options, live ? show : std::function<void(const properties::Progress&)>());
    if (live) fmt::print(stderr, "\r{:60}\r", "");
    if (!arguments.hashes.empty()) {
        if (auto written = write_hashes(arguments.hashes, exploration.hashes); !written) {
            return std::unexpected(written.error());
        }
    }
    // A flood of failures has few causes: enough of them are kept to find those.
    constexpr std::size_t kMostFiles = 100;
    std::vector<std::string> files;
    for (const properties::Broken& broken : exploration.broken) {
        if (files.size() == kMostFiles) break;
        const auto file = keep(broken, arguments.out);
        if (!file) return std::unexpected(file.error());
        files.push_back(*file);
    }
    if (arguments.json) {
        print_json(*options, exploration, files);
    } else {
        fmt::print("{}", summary(exploration));
        for (std::size_t i = 0; i < exploration.broken.size() && i < 20; ++i) {
            const properties::Broken& broken = exploration.broken[i];
            fmt::print("BROKEN {} seed {}: {}: {}\n  replay: vivarium replay {}\n", broken.scenario,
                       broken.seed, broken.violation.property, broken.violation.message,
                       i < files.size()
                           ? files[i]
                           : fmt::format("{} --seed {}", broken.scenario, broken.seed));
        }
        if (exploration.broken.empty()) fmt::print("all properties held\n");
    }
    return exploration.broken.empty() ? 0 : 1;
}

}  // namespace reports
