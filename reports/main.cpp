#include <fmt/format.h>
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <thread>

#include "reports/commands.hpp"

namespace {

constexpr int kBadInput = 2;

void add_run_options(CLI::App& command, reports::RunArguments& arguments) {
    auto* seed = command.add_option("--seed", arguments.seed, "The seed of the run");
    command.add_flag("--calm", arguments.calm, "The run in which nothing deviates")->excludes(seed);
    command.add_flag("--check", arguments.check, "Run twice and compare event by event");
    command.add_flag("--json", arguments.json, "Print one JSON object");
    command.add_flag("--story", arguments.story, "Tell the whole run, event by event");
    command.add_option("--trace", arguments.trace, "Write every event to this file as JSON lines");
    command.add_option("--until", arguments.until, "Stop after this many steps");
    command.add_option("--sql", arguments.sql, "Ask the server's database where the run stops");
}

void add_explore_options(CLI::App& command, reports::ExploreArguments& arguments) {
    command.add_option("scenarios", arguments.scenarios, "Scenarios; none: all of them");
    command.add_option("--seeds", arguments.seeds, "first..last (1..1000)");
    command.add_option("--for", arguments.duration, "Stop after this long, such as 60s");
    command.add_option("--jobs", arguments.jobs, "Worlds side by side (all cores)")
        ->check(CLI::Range(1U, 1024U));
    command.add_option("--stop-after", arguments.stop_after, "Stop after that many broken runs");
    command.add_option("--out", arguments.out, "Folder for failure files (out)");
    command.add_option("--hashes", arguments.hashes, "Write the hash of every run to this file");
    command.add_flag("--json", arguments.json, "Print one JSON object");
    command.add_flag("--quiet", arguments.quiet,
                     "No progress line (there is none either where nobody watches)");
}

int complain(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    fmt::print(stderr, "vivarium: {}\n", text);
    return kBadInput;
}

int dispatch(int count, char** words) {
    CLI::App app("Vivarium: a deterministic simulator of a control plane that manages machines");
    app.require_subcommand(1);
    app.set_version_flag("--version", "vivarium 0.1.0");
    bool list_json = false;
    reports::RunArguments run;
    reports::RunArguments replay;
    reports::ExploreArguments explore;
    explore.jobs = std::max(1U, std::thread::hardware_concurrency());

    CLI::App* list_command = app.add_subcommand("list", "The scenarios and the properties");
    list_command->add_flag("--json", list_json, "Print one JSON object");
    CLI::App* run_command = app.add_subcommand("run", "Run one seed of a scenario");
    run_command->add_option("scenario", run.target, "The scenario")->required();
    add_run_options(*run_command, run);
    CLI::App* explore_command = app.add_subcommand("explore", "Run many seeds");
    add_explore_options(*explore_command, explore);
    CLI::App* replay_command =
        app.add_subcommand("replay", "Run a failure file, or a scenario's seed, again");
    replay_command->add_option("target", replay.target, "Failure file or scenario")->required();
    add_run_options(*replay_command, replay);

    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        return complain(fmt::format("{}; see `vivarium --help`", error.what()));
    }
    lifecycle::Result<int> code = 0;
    if (*list_command) code = reports::list(list_json);
    if (*run_command) code = reports::run_seed(run);
    if (*explore_command) code = reports::explore(explore);
    if (*replay_command) code = reports::replay(replay);
    if (code) return *code;
    return complain(fmt::format("{}; {}", code.error().message, code.error().action));
}

}  // namespace

int main(int count, char** words) {
    // Worlds in other threads need not wait for one counter of memory.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    try {
        return dispatch(count, words);
    } catch (const std::exception& bug) {
        fmt::print(stderr, "vivarium: this is a bug: {}\n", bug.what());
        return 70;
    }
}
