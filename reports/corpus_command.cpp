#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/input.hpp"

namespace reports {
namespace {

using lifecycle::Result;
using properties::Failure;

// Runs the tape as it was recorded. The scenario of a failure that was read is known.
properties::RunResult play(const Failure& failure, sim::Recorder* recorder) {
    properties::RunOptions options;
    options.faults = failure.faults;
    options.recorder = recorder;
    return properties::run(*scenarios::find_scenario(failure.scenario),
                           scenarios::recorded(failure.deviations), options);
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

}  // namespace

Result<int> corpus_add(const CorpusArguments& arguments) {
    if (const auto folder = prepare_folder(arguments.folder); !folder) {
        return std::unexpected(folder.error());
    }
    for (const std::string& file : arguments.files) {
        const auto failure = properties::read_failure(file);
        if (!failure) return std::unexpected(failure.error());
        const std::string name = fmt::format("{}-{}-{}.json", failure->scenario, failure->property,
                                             properties::to_hex(failure->hash).substr(0, 8));
        const std::string path = (std::filesystem::path(arguments.folder) / name).string();
        if (const auto written = properties::write_failure(path, *failure); !written) {
            return std::unexpected(written.error());
        }
        fmt::print("{}\n", path);
    }
    return 0;
}

Result<int> corpus_replay(const CorpusArguments& arguments) {
    const auto files = files_of(arguments);
    if (!files) return std::unexpected(files.error());
    int broken = 0;
    for (const std::string& file : *files) {
        const auto failure = properties::read_failure(file);
        if (!failure) return std::unexpected(failure.error());
        sim::Recorder recorder;
        const properties::RunResult result = play(*failure, &recorder);
        const std::string divergence =
            properties::first_divergence(failure->decisions, properties::decision_log(recorder));
        std::string verdict = "held";
        if (!result.held()) {
            ++broken;
            verdict = fmt::format("BROKEN {}: {}", result.violations[0].property,
                                  result.violations[0].message);
        }
        fmt::print("{}: {}{}\n", std::filesystem::path(file).filename().string(), verdict,
                   divergence.empty() ? "" : "; " + divergence);
    }
    fmt::print("{} tapes, {} broken\n", files->size(), broken);
    return broken == 0 ? 0 : 1;
}

}  // namespace reports
