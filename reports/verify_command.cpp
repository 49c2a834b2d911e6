#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/interrupt.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "sim/search/verify.hpp"

namespace reports {
namespace {

using nlohmann::json;
using sim::search::Harness;
using sim::search::Result;
using sim::search::VerifyUnit;

// What identifies a verification: finished work of one is worth nothing to another.
std::map<std::string, std::string> search_of(const VerifyArguments& arguments) {
    std::string faults;
    for (const std::string& fault : arguments.faults) faults += fault + " ";
    std::string only;
    for (const std::string& kind : arguments.only) only += kind + " ";
    return {{"scenario", arguments.scenario},
            {"deviations", std::to_string(arguments.deviations)},
            {"sweep", arguments.crashes ? (arguments.pairs ? "pairs" : "singles") : "none"},
            {"faults", faults},
            {"only", only},
            {"within", arguments.within},
            {"build", build_identity()}};
}

// The state file: a line that says of what, then a line for each finished unit. A line that was cut
// off by a kill is the last one, and is ignored.
class StateFile {
  public:
    static Result<StateFile> open(const std::string& path,
                                  const std::map<std::string, std::string>& search,
                                  std::map<std::uint64_t, VerifyUnit>& done) {
        const json head = {{"format", "vivarium-verify-state"}, {"search", search}};
        std::ifstream in(path);
        std::string line;
        const bool fresh = !std::getline(in, line) || line.empty();
        if (!fresh && line != head.dump()) {
            return std::unexpected(bad_input(
                fmt::format("{} is the state of another verification, or of another build", path),
                "name another file with --state, or delete it"));
        }
        while (!fresh && std::getline(in, line)) {
            const json unit = json::parse(line, nullptr, false);
            if (unit.is_discarded() || !unit.is_array() || unit.size() != 8) break;
            VerifyUnit kept;
            kept.runs = unit[1];
            kept.merged = unit[2];
            kept.crashes[0] = unit[3];
            kept.crashes[1] = unit[4];
            kept.survivals = unit[5];
            kept.unlisted = unit[6];
            if (!unit[7].empty()) continue;  // broken ones are run again, to be kept
            done.emplace(unit[0].get<std::uint64_t>(), kept);
        }
        in.close();
        StateFile file;
        file.out_.open(path, std::ios::binary | (fresh ? std::ios::trunc : std::ios::app));
        if (fresh) file.out_ << head.dump() << '\n';
        file.out_ << std::flush;
        if (!file.out_) return std::unexpected(cannot_write(path));
        return file;
    }

    void add(std::uint64_t number, const VerifyUnit& unit) {
        out_ << json{number,          unit.runs,      unit.merged,   unit.crashes[0],
                     unit.crashes[1], unit.survivals, unit.unlisted, unit.broken.size()}
                    .dump()
             << '\n'
             << std::flush;
    }

  private:
    std::ofstream out_;
};

void show(const sim::search::VerifyProgress& progress) {
    constexpr std::uint64_t kWidth = 30;
    const std::uint64_t done =
        progress.total_units == 0 ? kWidth : kWidth * progress.units / progress.total_units;
    fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {} of {} parts, {} runs, {} broken   ", "", done, "",
               kWidth - done, progress.units, progress.total_units, progress.runs, progress.broken);
    fflush(stderr);
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

std::string covered(const VerifyArguments& arguments, const sim::search::Verification& done,
                    const Verdict& verdict) {
    const std::string held = verdict.held() ? "all held"
                             : done.sum.broken.empty()
                                 ? "incomplete"
                                 : grouped(done.sum.broken.size()) + " broken";
    std::string text;
    if (arguments.crashes) {
        text = fmt::format("{} runs, {}: {} of {} crash points", grouped(done.sum.runs), held,
                           grouped(done.sum.crashes[0]), grouped(done.total_units));
        if (arguments.pairs) text += fmt::format(", {} pairs", grouped(done.sum.crashes[1]));
        text += fmt::format(", {} distinct outcomes", grouped(done.sum.survivals));
    } else {
        text = fmt::format("{} runs, {}, K={}", grouped(done.sum.runs), held, arguments.deviations);
        if (!arguments.only.empty()) {
            text += fmt::format(" of {} alone", fmt::join(arguments.only, ", "));
        }
        if (!arguments.within.empty()) text += fmt::format(" within {} s", arguments.within);
    }
    if (done.sum.merged > 0) {
        text += fmt::format("; {} became an earlier one again", grouped(done.sum.merged));
    }
    return text;
}

Result<sim::search::VerifyOptions> options_of(const Harness& harness,
                                              const sim::search::Scenario& scenario,
                                              const VerifyArguments& arguments) {
    sim::search::VerifyOptions options;
    if (const auto known = known_faults(harness, arguments.faults); !known) {
        return std::unexpected(known.error());
    }
    if (const auto known = known_kinds(scenario, arguments.only); !known) {
        return std::unexpected(known.error());
    }
    if (arguments.pairs && !arguments.crashes) {
        return std::unexpected(bad_input("--pairs is a crash sweep's", "add --crashes"));
    }
    const auto shard = parse_shard(arguments.shard);
    if (!shard) return std::unexpected(shard.error());
    options.shard = *shard;
    options.deviations = arguments.crashes ? (arguments.pairs ? 2 : 1) : arguments.deviations;
    options.crashes = arguments.crashes;
    if (!arguments.faults.empty()) options.faults = arguments.faults;
    options.only = arguments.only;
    if (!arguments.within.empty()) {
        const auto window = parse_seeds(arguments.within);
        if (!window) {
            return std::unexpected(bad_input(
                fmt::format("--within \"{}\" is no range of whole seconds", arguments.within),
                "say --within 480..660"));
        }
        options.from = std::chrono::seconds(window->first);
        options.until = std::chrono::seconds(window->last);
    }
    options.jobs = arguments.jobs;
    options.stop_after = arguments.stop_after;
    options.stop = interrupted;
    return options;
}

}  // namespace

Result<int> verify(const Harness& harness, const VerifyArguments& arguments) {
    const auto scenario = known_scenario(harness, arguments.scenario);
    if (!scenario) return std::unexpected(scenario.error());
    auto options = options_of(harness, **scenario, arguments);
    if (!options) return std::unexpected(options.error());
    if (auto folder = prepare_folder(arguments.out); !folder) {
        return std::unexpected(folder.error());
    }
    std::optional<StateFile> state;
    if (!arguments.state.empty()) {
        auto opened = StateFile::open(arguments.state, search_of(arguments), options->done);
        if (!opened) return std::unexpected(opened.error());
        state.emplace(std::move(*opened));
        options->finished = [&](std::uint64_t number, const VerifyUnit& unit) {
            if (!options->done.contains(number)) state->add(number, unit);
        };
    }
    const bool live = shows_progress(arguments.quiet, arguments.json);
    if (live) options->progress = show;
    catch_interrupts();
    const auto begin = std::chrono::steady_clock::now();
    const sim::search::Verification done = sim::search::verify(**scenario, *options);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (live) fmt::print(stderr, "\r{:90}\r", "");
    KeepOptions keep{.folder = arguments.out,
                     .origin = "verify",
                     .plan = {},
                     .faults = options->faults,
                     .shrink = !arguments.no_shrink,
                     .live = live};
    if (options->crashes) keep.faults = sim::search::crash_sweep_faults();
    auto found = keep_found(harness, done.sum.broken, keep, arguments.json);
    if (!found) return std::unexpected(found.error());
    SearchResult result;
    result.verb = "verify";
    result.search = search_of(arguments);
    result.shard = options->shard;
    result.complete = done.complete();
    result.seconds = seconds;
    result.unmet = done.unmet;
    result.totals = {{kRuns, done.sum.runs},
                     {kParts, done.total_units},
                     {kUnlisted, done.sum.unlisted},
                     {"became an earlier one", done.sum.merged},
                     {"crash points", done.sum.crashes[0]},
                     {"crash pairs", done.sum.crashes[1]},
                     {"distinct outcomes", done.sum.survivals}};
    result.broken = *found;
    if (auto written = write_result(arguments.out, result); !written) {
        return std::unexpected(written.error());
    }
    const Verdict verdict = judge(result);
    if (arguments.json) {
        json printed = {{"scenario", arguments.scenario},
                        {"totals", result.totals},
                        {"parts", done.units},
                        {"complete", done.complete()},
                        {"seconds", seconds},
                        {"broken", to_json(*found)}};
        verdict.add_to(printed);
        fmt::print("{}\n", printed.dump());
    } else {
        print_found(*found);
        fmt::print("{}{}: {}\n", verdict.text(), arguments.scenario,
                   covered(arguments, done, verdict));
    }
    return verdict.exit_code();
}

}  // namespace reports
