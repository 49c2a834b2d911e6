#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/input.hpp"
#include "reports/verdict.hpp"
#include "sim/search/failure_file.hpp"
#include "sim/search/harness.hpp"
#include "sim/world/recorder.hpp"

namespace reports {
namespace {

using nlohmann::json;
using sim::search::Failure;
using sim::search::Harness;
using sim::search::Result;

// A tape, and what came of it.
struct Played {
    std::string file;
    Failure failure;
    std::string broke;      // the property; empty if all held
    std::size_t unmet = 0;  // deviations whose draw the run never made
};

// Runs the tape as it was recorded. The scenario of a failure that was read is known.
Played play(const Harness& harness, std::string file, Failure failure) {
    sim::Recorder recorder;
    sim::search::RunOptions options;
    options.faults = failure.faults;
    options.recorder = &recorder;
    const sim::search::RunResult result =
        sim::search::run(*sim::search::find_scenario(harness.scenarios, failure.scenario),
                         sim::search::recorded(failure.deviations), options);
    Played played{std::move(file), std::move(failure), "", 0};
    if (!result.held()) played.broke = result.violations[0].property;
    played.unmet = sim::search::unmet(played.failure.deviations, recorder);
    return played;
}

Result<std::vector<std::string>> files_of(const CorpusArguments& arguments) {
    std::vector<std::string> files = arguments.files;
    if (!files.empty()) return files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(arguments.folder, error)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path().string());
    }
    if (error) {
        return std::unexpected(
            bad_input(fmt::format("cannot read {}: {}", arguments.folder, error.message()),
                      "name the folder of the corpus with --corpus"));
    }
    std::sort(files.begin(), files.end());
    return files;
}

// All tapes, or those of one bug.
Result<std::vector<Played>> play_all(const Harness& harness, const CorpusArguments& arguments) {
    const auto files = files_of(arguments);
    if (!files) return std::unexpected(files.error());
    std::vector<Played> all;
    for (const std::string& file : *files) {
        auto failure = sim::search::read_failure(file, harness.scenarios);
        if (!failure) return std::unexpected(failure.error());
        if (!arguments.bug.empty() && failure->bug != arguments.bug) continue;
        all.push_back(
            play(harness, std::filesystem::path(file).filename().string(), *std::move(failure)));
    }
    return all;
}

// In a program that has the bug, its tapes catch it.
std::string say_in_bug(const Played& played, Verdict& verdict) {
    if (played.broke == played.failure.property) return fmt::format("caught by {}", played.broke);
    verdict.broke();
    return fmt::format("MISSED: {} is to break, and {} did", played.failure.property,
                       played.broke.empty() ? "nothing" : played.broke);
}

// In one that has not, all holds, in the very run that the tape is of.
std::string say(const Played& played, Verdict& verdict) {
    if (!played.broke.empty()) {
        verdict.broke();
        return fmt::format("BROKEN {}", played.broke);
    }
    if (played.failure.bug.empty()) {
        verdict.lacks(fmt::format("{} does not say which bug it catches", played.file));
    }
    if (played.unmet == 0) return "held";
    verdict.lacks(fmt::format("{} is of another run by now: {} of its {} deviations met nothing",
                              played.file, played.unmet, played.failure.deviations.size()));
    return "stale";
}

}  // namespace

Result<int> corpus_add(const Harness& harness, const CorpusArguments& arguments) {
    if (const auto folder = prepare_folder(arguments.folder); !folder) {
        return std::unexpected(folder.error());
    }
    for (const std::string& file : arguments.files) {
        auto failure = sim::search::read_failure(file, harness.scenarios);
        if (!failure) return std::unexpected(failure.error());
        failure->bug = arguments.bug;
        const std::string name =
            fmt::format("{}-{}-{}.json", failure->bug, failure->scenario, failure->property);
        const std::string path = (std::filesystem::path(arguments.folder) / name).string();
        if (std::filesystem::exists(path)) {
            return std::unexpected(bad_input(fmt::format("{} is there already", path),
                                             "delete it first, or name another bug"));
        }
        if (const auto written = sim::search::write_failure(path, *failure); !written) {
            return std::unexpected(written.error());
        }
        fmt::print("{}\n", path);
    }
    return 0;
}

Result<int> corpus_replay(const Harness& harness, const CorpusArguments& arguments) {
    const auto all = play_all(harness, arguments);
    if (!all) return std::unexpected(all.error());
    Verdict verdict;
    if (all->empty()) verdict.lacks("there is no tape");
    json tapes = json::array();
    std::string lines;
    for (const Played& played : *all) {
        const std::string said =
            arguments.bug.empty() ? say(played, verdict) : say_in_bug(played, verdict);
        lines += fmt::format("{}: {}\n", played.file, said);
        tapes.push_back({{"file", played.file},
                         {"bug", played.failure.bug},
                         {"property", played.failure.property},
                         {"broke", played.broke},
                         {"deviations", played.failure.deviations.size()},
                         {"unmet", played.unmet}});
    }
    if (arguments.json) {
        json printed = {{"tapes", std::move(tapes)}};
        verdict.add_to(printed);
        fmt::print("{}\n", printed.dump());
    } else {
        const bool caught = verdict.held() && !arguments.bug.empty();
        fmt::print("{}{}{} tapes, {}\n", lines, verdict.text(), all->size(),
                   caught ? "all caught" : verdict.word());
    }
    return verdict.exit_code();
}

}  // namespace reports
