#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "reports/build_identity.hpp"
#include "reports/command_line.hpp"
#include "reports/commands.hpp"
#include "reports/verdict.hpp"

namespace reports {
namespace {

using sim::search::Harness;

constexpr const char* kStrategy =
    "mix, fifo, random, urw, pct[:D], delay[:D], few[:D], swarm (mix)";

// A number that is read as one without a sign would be another in silence.
std::string not_whole(const std::string& text) {
    const bool whole =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return whole ? "" : fmt::format("\"{}\" is no number from 0 on", text);
}

void add_plan_options(CLI::App& command, PlanArguments& arguments) {
    command.add_option("--strategy", arguments.strategy, kStrategy);
    command.add_option("--only-faults", arguments.only_faults,
                       "Kinds of faults, by name or, as `net.`, by group");
    command.add_option("--without-faults", arguments.without_faults, "The same, switched off");
    command.add_option("--fault-rate", arguments.fault_rate, "Multiplies every rate (1)")
        ->check(CLI::Range(0.0, 1000.0));
}

void add_run_options(CLI::App& command, RunArguments& arguments) {
    auto* seed =
        command.add_option("--seed", arguments.seed, "The seed of the run")->check(not_whole);
    add_plan_options(command, arguments);
    command.add_flag("--calm", arguments.calm, "The run in which nothing deviates")->excludes(seed);
    command.add_flag("--check", arguments.check, "Run twice and compare event by event");
    command.add_flag("--json", arguments.json, "Print one JSON object");
    command.add_flag("--story", arguments.story,
                     "Tell the run event by event, but for messages that arrive as they should");
    command.add_option("--trace", arguments.trace, "Write every event to this file as JSON lines");
    command.add_option("--until", arguments.until, "Stop after this many steps")->check(not_whole);
    command.add_option("--sql", arguments.sql, "Ask the trial this where the run stops");
}

void add_search_options(CLI::App& command, SearchArguments& arguments) {
    command.add_option("--jobs", arguments.jobs, "Worlds side by side (all cores)")
        ->check(CLI::Range(1U, 1024U));
    command.add_option("--shard", arguments.shard, "Only part I of N, as I/N");
    command.add_option("--stop-after", arguments.stop_after, "Stop after that many broken runs")
        ->check(not_whole);
    command.add_option("--out", arguments.out, "Folder for the result and failure files (out)");
    command.add_flag("--no-shrink", arguments.no_shrink, "Keep failures as they were found");
    command.add_flag("--json", arguments.json, "Print one JSON object");
    command.add_flag("--quiet", arguments.quiet,
                     "No progress line (there is none either where nobody watches)");
}

void add_explore_options(CLI::App& command, ExploreArguments& arguments) {
    auto* scenarios =
        command.add_option("scenarios", arguments.scenarios, "Scenarios; none: all of them");
    command
        .add_flag("--generated", arguments.generated,
                  "The scenarios that were written for no race: what is done in them is drawn, or "
                  "follows from a table")
        ->excludes(scenarios);
    command.add_option("--seeds", arguments.seeds, "first..last (1..1000)");
    command.add_option("--for", arguments.duration, "Stop after this long, such as 60s");
    add_plan_options(command, arguments);
    command.add_flag("--calm", arguments.calm,
                     "The run of each scenario in which nothing deviates; with --seeds, that too");
    command.add_flag(
        "--keep-going", arguments.keep_going,
        "Let a run go on when a property breaks; tells all that break, and keeps no files");
    command.add_option("--property", arguments.property,
                       "Let this one judge, alone; keeps no files");
    command.add_flag("--rotate", arguments.rotate,
                     "Each seed runs one scenario, the next in turn, not all of them");
    command.add_flag("--guided", arguments.guided, "Learn from the behaviours that runs show");
    command.add_flag("--coverage", arguments.coverage, "Tell the behaviours that were seen");
    command.add_flag("--require-coverage", arguments.require_coverage,
                     "Fail if a behaviour that must sometimes happen was never seen");
    command.add_option("--hashes", arguments.hashes, "Write the hash of every run to this file");
    add_search_options(command, arguments);
}

void add_verify_options(CLI::App& command, VerifyArguments& arguments) {
    command.add_option("scenario", arguments.scenario, "The scenario")->required();
    auto* deviations =
        command.add_option("--deviations,-K", arguments.deviations, "The most in one run (1)")
            ->check(CLI::Range(1U, 4U));
    command.add_flag("--crashes", arguments.crashes, "Crash at each place where a crash can be")
        ->excludes(deviations);
    command.add_flag("--pairs", arguments.pairs, "With --crashes: at each two places");
    command.add_option("--faults", arguments.faults,
                       "Kinds of faults that may deviate, in place of the scenario's own");
    command
        .add_option("--only", arguments.only,
                    "Kinds of decisions that may deviate, such as schedule or net.; by default "
                    "all")
        ->delimiter(',');
    command.add_option("--within", arguments.within,
                       "A..B: only what is decided from whole second A of virtual time to B may "
                       "deviate");
    command.add_option("--state", arguments.state,
                       "File of finished work: an interrupted verification goes on from it");
    add_search_options(command, arguments);
}

int complain(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    fmt::print(stderr, "{}: {}\n", program_name(), text);
    return kBadInput;
}

// A verb: its options, and what it does with them.
struct Verb {
    CLI::App* command;
    std::function<sim::search::Result<int>()> act;
};

std::vector<Verb> add_replaying_verbs(CLI::App& app, const Harness& harness) {
    std::vector<Verb> verbs;
    const auto list_json = std::make_shared<bool>(false);
    CLI::App* list = app.add_subcommand("list", "Scenarios, properties, faults and strategies");
    list->add_flag("--json", *list_json, "Print one JSON object");
    verbs.push_back({list, [&harness, list_json] { return reports::list(harness, *list_json); }});

    const auto run = std::make_shared<RunArguments>();
    CLI::App* run_command = app.add_subcommand("run", "Run one seed of a scenario");
    run_command->add_option("scenario", run->target, "The scenario")->required();
    add_run_options(*run_command, *run);
    verbs.push_back({run_command, [&harness, run] { return reports::run_seed(harness, *run); }});

    const auto replay = std::make_shared<RunArguments>();
    CLI::App* replay_command =
        app.add_subcommand("replay", "Run a failure file, or a scenario's seed, again");
    replay_command->add_option("target", replay->target, "Failure file or scenario")->required();
    add_run_options(*replay_command, *replay);
    verbs.push_back(
        {replay_command, [&harness, replay] { return reports::replay(harness, *replay); }});

    const auto shrink = std::make_shared<ShrinkArguments>();
    CLI::App* shrink_command =
        app.add_subcommand("shrink", "Find the few deviations that a failure needs");
    shrink_command->add_option("file", shrink->file, "Failure file")->required();
    shrink_command->add_option("--out", shrink->out,
                               "The shrunk file (FILE.min.json; FILE itself if it is one)");
    shrink_command->add_option("--runs", shrink->max_runs, "The most runs to spend (20000)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
    shrink_command->add_flag("--json", shrink->json, "Print one JSON object");
    shrink_command->add_flag("--quiet", shrink->quiet, "No progress line");
    verbs.push_back(
        {shrink_command, [&harness, shrink] { return reports::shrink(harness, *shrink); }});
    return verbs;
}

std::vector<Verb> add_searching_verbs(CLI::App& app, const Harness& harness) {
    std::vector<Verb> verbs;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const auto explore = std::make_shared<ExploreArguments>();
    explore->jobs = cores;
    CLI::App* explore_command = app.add_subcommand("explore", "Run many seeds");
    add_explore_options(*explore_command, *explore);
    verbs.push_back(
        {explore_command, [&harness, explore] { return reports::explore(harness, *explore); }});

    const auto verify = std::make_shared<VerifyArguments>();
    verify->jobs = cores;
    CLI::App* verify_command =
        app.add_subcommand("verify", "Run every run within a bound of the calm one");
    add_verify_options(*verify_command, *verify);
    verbs.push_back(
        {verify_command, [&harness, verify] { return reports::verify(harness, *verify); }});

    const auto merge = std::make_shared<MergeArguments>();
    CLI::App* merge_command = app.add_subcommand("merge", "Sum up the shards of one search");
    merge_command->add_option("folders", merge->folders, "Their --out folders")->required();
    merge_command->add_flag("--json", merge->json, "Print one JSON object");
    verbs.push_back({merge_command, [&harness, merge] { return reports::merge(harness, *merge); }});

    const auto corpus = std::make_shared<CorpusArguments>();
    corpus->folder = harness.corpus;
    CLI::App* corpus_command = app.add_subcommand("corpus", "Tapes of the bugs that were found");
    corpus_command->require_subcommand(1);
    CLI::App* add = corpus_command->add_subcommand("add", "Keep failure files for good");
    add->add_option("files", corpus->files, "Failure files, best shrunk")->required();
    CLI::App* again = corpus_command->add_subcommand("replay", "Run every tape again");
    again->add_option("files", corpus->files, "Some of them; none: all");
    for (CLI::App* command : {add, again}) {
        command->add_option("--corpus", corpus->folder, fmt::format("Folder ({})", harness.corpus));
    }
    add->add_option("--bug", corpus->bug, "The planted bug that they catch")->required();
    again->add_option("--bug", corpus->bug,
                      "The planted bug that this program has: its tapes have to catch it");
    again->add_flag("--json", corpus->json, "Print one JSON object");
    verbs.push_back({add, [&harness, corpus] { return reports::corpus_add(harness, *corpus); }});
    verbs.push_back(
        {again, [&harness, corpus] { return reports::corpus_replay(harness, *corpus); }});
    return verbs;
}

// Scenarios are found, and files named, by name. Empty: nothing is wrong.
std::string wrong_with(const Harness& harness) {
    std::set<std::string> names;
    for (const sim::search::Scenario& scenario : harness.scenarios) {
        const bool plain = std::ranges::all_of(scenario.name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_' || c == '.';
        });
        if (scenario.name.empty() || !plain) {
            return fmt::format("a scenario cannot be called \"{}\": use letters, digits, - _ and .",
                               scenario.name);
        }
        if (!names.insert(scenario.name).second) {
            return fmt::format("two scenarios are called {}", scenario.name);
        }
        if (!scenario.trial) return fmt::format("scenario {} makes no trials", scenario.name);
        if (!scenario.coverage) return fmt::format("scenario {} has no coverage", scenario.name);
    }
    return {};
}

constexpr int kKeptBytes = 256 << 20;
constexpr int kBug = 70;

int dispatch(int count, char** words, const Harness& harness) {
    CLI::App app("Vivarium: " + harness.sentence);
    app.require_subcommand(1);
    app.set_version_flag("--version", build_identity());
    std::vector<Verb> verbs = add_replaying_verbs(app, harness);
    for (Verb& verb : add_searching_verbs(app, harness)) verbs.push_back(std::move(verb));
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        return complain(fmt::format("{}; see `{} --help`", error.what(), program()));
    }
    sim::search::Result<int> code = 0;
    for (const Verb& verb : verbs) {
        if (*verb.command) code = verb.act();
    }
    if (code) return *code;
    return complain(fmt::format("{}; {}", code.error().message, code.error().action));
}

}  // namespace

int command_line(int count, char** words, const Harness& harness) {
    // What one world gives back the next one takes: handing it to the kernel in between costs as
    // much as the transactions of a small world.
    mallopt(M_TRIM_THRESHOLD, kKeptBytes);
    mallopt(M_MMAP_THRESHOLD, kKeptBytes);
    set_program(words[0]);
    if (const std::string wrong = wrong_with(harness); !wrong.empty()) {
        return complain(fmt::format("{}; repair the harness", wrong));
    }
    try {
        return dispatch(count, words, harness);
    } catch (const std::exception& bug) {
        fmt::print(stderr, "{}: this is a bug: {}\n", program_name(), bug.what());
        return kBug;
    }
}

}  // namespace reports
