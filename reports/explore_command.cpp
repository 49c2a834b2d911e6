#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/interrupt.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "sim/search/coverage.hpp"
#include "sim/search/explore.hpp"
#include "sim/search/guided.hpp"

namespace reports {
namespace {

using nlohmann::json;
using sim::search::Harness;
using sim::search::Result;

Result<sim::search::ExploreOptions> options_of(const Harness& harness,
                                               const ExploreArguments& arguments) {
    sim::search::ExploreOptions options;
    auto scenarios = known_scenarios(harness, arguments.scenarios);
    if (!scenarios) return std::unexpected(scenarios.error());
    options.scenarios = std::move(*scenarios);
    if (arguments.generated) {
        std::erase_if(options.scenarios, [](const auto* scenario) { return !scenario->generated; });
        if (options.scenarios.empty()) {
            return std::unexpected(
                bad_input("no scenario of this program is generated", "leave --generated out"));
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
    options.calm = arguments.calm;
    options.keep_going = arguments.keep_going;
    options.property = arguments.property;
    if (!options.property.empty()) {
        const auto known = known_property(harness, options.property);
        if (!known) return std::unexpected(known.error());
    }
    const bool no_seeds = arguments.calm && arguments.seeds.empty() && !timed;
    if (no_seeds) options.last_seed = options.first_seed - 1;
    auto plan = parse_plan(harness, arguments);
    if (!plan) return std::unexpected(plan.error());
    options.plan = *std::move(plan);
    const auto shard = parse_shard(arguments.shard);
    if (!shard) return std::unexpected(shard.error());
    options.shard = *shard;
    options.rotate = arguments.rotate;
    options.jobs = arguments.jobs;
    options.stop_after = arguments.stop_after;
    options.keep_hashes = !arguments.hashes.empty();
    options.coverage = arguments.coverage || arguments.require_coverage;
    options.stop = interrupted;
    return options;
}

void show(const sim::search::Progress& progress) {
    const double rate =
        static_cast<double>(progress.runs) / (progress.seconds > 0 ? progress.seconds : 1);
    fmt::print(stderr, "\r{} of {} runs, {:.0f} a second, {} broken   ", progress.runs,
               progress.total, rate, progress.broken);
    fflush(stderr);
}

Result<void> write_hashes(const std::string& path,
                          const std::map<std::string, std::uint64_t>& hashes) {
    std::ofstream out(path, std::ios::binary);
    for (const auto& [run, hash] : hashes) out << run << ' ' << sim::search::to_hex(hash) << '\n';
    out.close();
    if (out) return {};
    return std::unexpected(cannot_write(path));
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

SearchResult result_of(const ExploreArguments& arguments,
                       const sim::search::ExploreOptions& options,
                       const sim::search::Exploration& exploration) {
    SearchResult result;
    result.verb = "explore";
    std::vector<std::string> names;
    for (const sim::search::Scenario* scenario : options.scenarios) names.push_back(scenario->name);
    result.search = {{"scenarios", joined(names)},
                     {"seeds", fmt::format("{}..{}", options.first_seed, options.last_seed)},
                     {"strategy", sim::search::to_string(options.plan.choice)},
                     {"rotate", arguments.rotate ? "yes" : "no"},
                     {"property", arguments.property},
                     {"calm", arguments.calm ? "yes" : "no"},
                     {"only faults", joined(arguments.only_faults)},
                     {"without faults", joined(arguments.without_faults)},
                     {"fault rate", fmt::format("{}", arguments.fault_rate)}};
    result.shard = options.shard;
    // To stop after that long is what `--for` asks for, unless seeds are named.
    const bool may_stop = arguments.seeds.empty() && !arguments.duration.empty() && !interrupted();
    result.complete = exploration.complete || may_stop;
    result.seconds = exploration.seconds;
    result.totals = {
        {kRuns, exploration.runs},
        {kUnfinished, exploration.unfinished},
        {"steps", exploration.steps},
        {"decisions", exploration.decisions},
        {"virtual minutes", static_cast<std::uint64_t>(exploration.virtual_hours * 60)}};
    result.faults = exploration.faults;
    result.behaviours = exploration.behaviours;
    if (arguments.require_coverage) result.sometimes = exploration.sometimes;
    for (const auto& [scenario, faults] : exploration.unknown_faults) {
        for (const std::string& fault : faults) {
            result.unmet.push_back(fmt::format("{} in {}", fault, scenario));
        }
    }
    // What learns does not count faults.
    for (const std::string& kind : arguments.only_faults) {
        const bool struck = std::ranges::any_of(exploration.faults, [&](const auto& fault) {
            return sim::matches_kind(kind, fault.first);
        });
        if (!struck && !arguments.guided) result.unmet.push_back(kind);
    }
    return result;
}

void print_json(const sim::search::ExploreOptions& options,
                const sim::search::Exploration& exploration,
                const std::vector<SearchResult::Found>& found,
                const std::vector<std::string>& missing, const Verdict& verdict) {
    json scenarios = json::array();
    for (const sim::search::Scenario* scenario : options.scenarios) {
        scenarios.push_back(scenario->name);
    }
    const double seconds = exploration.seconds > 0 ? exploration.seconds : 1e-9;
    json printed = {{"scenarios", scenarios},
                    {"strategy", sim::search::to_string(options.plan.choice)},
                    {"seeds", exploration.seeds},
                    {"runs", exploration.runs},
                    {"broken", to_json(found)},
                    {"faults", exploration.faults},
                    {"behaviours", exploration.behaviours},
                    {"never_seen", missing},
                    {"seeds_per_second", static_cast<double>(exploration.runs) / seconds},
                    {"virtual_hours_per_second", exploration.virtual_hours / seconds}};
    verdict.add_to(printed);
    fmt::print("{}\n", printed.dump());
}

// One that learns, in the form of one that does not.
sim::search::Exploration guided(const sim::search::ExploreOptions& options,
                                const std::function<void(const sim::search::Progress&)>& progress) {
    sim::search::GuidedOptions asked;
    asked.scenarios = options.scenarios;
    asked.seed = options.first_seed;
    asked.runs = (options.last_seed - options.first_seed + 1) * options.scenarios.size();
    asked.seconds = options.seconds;
    asked.jobs = options.jobs;
    asked.stop_after = options.stop_after;
    asked.switches = options.plan.switches;
    asked.stop = options.stop;
    sim::search::Guided learned = sim::search::explore_guided(asked, progress);
    sim::search::Exploration exploration;
    exploration.runs = learned.runs;
    exploration.seconds = learned.seconds;
    exploration.complete = learned.runs >= asked.runs;
    exploration.behaviours = std::move(learned.behaviours);
    exploration.sometimes = std::move(learned.sometimes);
    exploration.broken = std::move(learned.broken);
    exploration.unknown_faults = std::move(learned.unknown_faults);
    return exploration;
}

}  // namespace

Result<int> explore(const Harness& harness, const ExploreArguments& arguments) {
    const auto options = options_of(harness, arguments);
    if (!options) return std::unexpected(options.error());
    if (arguments.guided && options->shard.count > 1) {
        return std::unexpected(bad_input("a guided exploration cannot be split",
                                         "leave out --shard, and give each part its own --seeds"));
    }
    if (arguments.guided && (arguments.calm || arguments.rotate || arguments.keep_going ||
                             !arguments.strategy.empty() || !arguments.property.empty() ||
                             !arguments.hashes.empty() || arguments.fault_rate != 1)) {
        return std::unexpected(bad_input(
            "a guided exploration chooses its own runs, and all properties judge them",
            "leave out --calm, --rotate, --keep-going, --strategy, --property, --hashes and "
            "--fault-rate"));
    }
    if (auto folder = prepare_folder(arguments.out); !folder) {
        return std::unexpected(folder.error());
    }
    const bool live = shows_progress(arguments.quiet, arguments.json);
    const auto progress = live ? show : std::function<void(const sim::search::Progress&)>();
    catch_interrupts();
    const sim::search::Exploration exploration =
        arguments.guided ? guided(*options, progress) : sim::search::explore(*options, progress);
    if (live) fmt::print(stderr, "\r{:60}\r", "");
    if (!arguments.hashes.empty()) {
        if (auto written = write_hashes(arguments.hashes, exploration.hashes); !written) {
            return std::unexpected(written.error());
        }
    }
    if (!arguments.json) fmt::print("{}", summary(exploration));
    const KeepOptions keep{
        .folder = arguments.out,
        .origin = fmt::format("explore with {}", sim::search::to_string(options->plan.choice)),
        .plan = options->plan,
        .faults = std::nullopt,
        .shrink = !arguments.no_shrink,
        .files = !arguments.keep_going && arguments.property.empty(),
        .live = live};
    auto found = keep_found(harness, exploration.broken, keep, arguments.json);
    if (!found) return std::unexpected(found.error());
    SearchResult result = result_of(arguments, *options, exploration);
    result.broken = *found;
    if (auto written = write_result(arguments.out, result); !written) {
        return std::unexpected(written.error());
    }
    const Verdict verdict = judge(result);
    const auto missing = never_seen(result);
    if (arguments.json) {
        print_json(*options, exploration, *found, missing, verdict);
    } else {
        if (arguments.coverage) fmt::print("{}", behaviours(exploration.behaviours));
        print_found(*found, options->plan);
        for (const std::string& name : missing) fmt::print("NEVER SEEN in {}\n", name);
        fmt::print("{}", verdict.text());
        if (verdict.held()) fmt::print("all properties held in {} runs\n", exploration.runs);
    }
    return verdict.exit_code();
}

}  // namespace reports
