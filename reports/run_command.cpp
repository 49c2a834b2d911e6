#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "sim/search/explain.hpp"
#include "sim/search/failure_file.hpp"
#include "sim/search/session.hpp"

namespace reports {
namespace {

using nlohmann::json;
using sim::search::Error;
using sim::search::Harness;
using sim::search::Result;

// What is to be run, and how to say where it came from.
struct Subject {
    const sim::search::Scenario* scenario = nullptr;
    std::uint64_t seed = 0;
    std::optional<sim::search::Failure> failure;
    bool calm = false;
    sim::search::SearchPlan plan = {};

    std::unique_ptr<sim::Source> source() const {
        if (failure) return sim::search::recorded(failure->deviations);
        if (calm) return sim::search::calm_tape();
        return sim::search::seeded(seed, plan);
    }
    std::string origin() const {
        if (failure) return fmt::format("tape of {}, seed {}", failure->origin, seed);
        return calm ? "calm tape" : fmt::format("seed {}", seed);
    }
};

class TraceFile final : public sim::TraceListener {
  public:
    explicit TraceFile(const std::string& path) : out_(path, std::ios::binary) {}
    void on_event(const sim::Event& event) override { out_ << sim::to_json_line(event) << '\n'; }
    bool finish() {
        out_.close();
        return !out_.fail();
    }
    bool good() const { return out_.good(); }

  private:
    std::ofstream out_;
};

Verdict judge(const Subject& subject, const RunArguments& arguments,
              const sim::search::RunResult& result) {
    Verdict verdict;
    if (!result.held()) verdict.broke();
    if (result.stopped_early) {
        verdict.lacks(fmt::format("stopped at step {}, as asked", *arguments.until));
    } else if (subject.failure && result.held()) {
        verdict.lacks("this is not the run that was recorded, which broke a property");
    }
    return verdict;
}

json to_json(const Subject& subject, const sim::search::RunResult& result, const Verdict& verdict,
             std::int64_t wall_ms) {
    json broken = json::array();
    for (const sim::search::Violation& violation : result.violations) {
        broken.push_back({{"property", violation.property},
                          {"message", violation.message},
                          {"step", violation.step}});
    }
    json printed = {{"scenario", subject.scenario->name},
                    {"seed", subject.seed},
                    {"hash", sim::search::to_hex(result.hash)},
                    {"steps", result.steps},
                    {"decisions", result.decisions},
                    {"virtual_ms", result.virtual_time.count() / 1000},
                    {"wall_ms", wall_ms},
                    {"broken", std::move(broken)}};
    if (!result.answer.empty()) printed["sql"] = result.answer;
    verdict.add_to(printed);
    return printed;
}

// Runs the subject once more and says whether it went the same way.
bool same_again(const Subject& subject, const sim::search::RunOptions& options,
                const sim::search::RunResult& first) {
    sim::search::RunOptions again = options;
    again.listener = nullptr;
    again.recorder = nullptr;
    const sim::search::RunResult second =
        sim::search::run(*subject.scenario, subject.source(), again);
    const std::string difference = first_difference(first.events, second.events);
    if (difference.empty() && first.hash == second.hash) return true;
    fmt::print(stderr, "{}", difference.empty() ? "the hashes differ\n" : difference);
    return false;
}

// A tape that was recorded by other code may mean another run: says where that begins.
void say_divergence(const sim::search::Failure& failure, const sim::Recorder& recorder,
                    const sim::search::RunResult& result) {
    if (result.hash == failure.hash) return;
    const std::string where =
        sim::search::first_divergence(failure.decisions, sim::search::decision_log(recorder));
    fmt::print(stderr, "this is not the run that was recorded ({}, hash {}): {}\n", failure.build,
               sim::search::to_hex(failure.hash),
               where.empty() ? "it makes the same decisions to other effect" : where);
    if (failure.build != build_identity()) {
        fmt::print(stderr, "the code has changed since: this is {}\n", build_identity());
    }
}

Result<int> perform(const Harness& harness, const Subject& subject, const RunArguments& arguments) {
    sim::search::RunOptions options;
    sim::Recorder recorder;
    options.keep_events = arguments.story || arguments.check || !arguments.json;
    options.record_tape = arguments.story || subject.failure.has_value();
    if (subject.failure) {
        options.faults = subject.failure->faults;
        options.recorder = &recorder;
    }
    options.question = arguments.sql;
    options.until_step = arguments.until;
    std::optional<TraceFile> trace;
    if (!arguments.trace.empty()) {
        trace.emplace(arguments.trace);
        if (!trace->good()) return std::unexpected(cannot_write(arguments.trace));
        options.listener = &*trace;
    }
    const auto begin = std::chrono::steady_clock::now();
    const sim::search::RunResult result =
        sim::search::run(*subject.scenario, subject.source(), options);
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    if (trace && !trace->finish()) return std::unexpected(cannot_write(arguments.trace));
    if (!result.no_answer.empty()) {
        return std::unexpected(bad_input(fmt::format("--sql is not answered: {}", result.no_answer),
                                         harness.how_to_ask));
    }
    Verdict verdict = judge(subject, arguments, result);
    const bool differs = arguments.check && !same_again(subject, options, result);
    if (differs) verdict.broke();
    if (arguments.json) {
        fmt::print("{}\n", to_json(subject, result, verdict, wall.count()).dump());
    } else {
        if (arguments.story || !result.held() || arguments.until) {
            fmt::print("{}\n", story(result.events, arguments.story ? 100'000 : 40));
        }
        if (subject.failure) {
            fmt::print("What deviates from the calm run:\n");
            for (const std::string& line : sim::search::explain(result.events)) {
                fmt::print("  {}\n", line);
            }
        }
        fmt::print("{}{}",
                   summary(subject.scenario->name, subject.origin(), verdict.word(), result),
                   verdict.text());
        if (!result.answer.empty()) fmt::print("\n{}", result.answer);
    }
    if (subject.failure && !arguments.until) say_divergence(*subject.failure, recorder, result);
    if (arguments.check && !differs && !arguments.json) {
        fmt::print("ran twice, the same both times\n");
    }
    if (!result.held() && !arguments.json && !subject.failure) {
        const std::string how =
            subject.calm ? " --calm"
                         : fmt::format(" --seed {}{}", subject.seed, options_of(subject.plan));
        fmt::print("{}", replay_line(subject.scenario->name + how));
    }
    return verdict.exit_code();
}

std::string rate_of(const sim::LaneKind& kind) {
    return fmt::format("{} in {}", kind.rate_numerator, kind.rate_denominator);
}

}  // namespace

Result<int> run_seed(const Harness& harness, const RunArguments& arguments) {
    const auto scenario = known_scenario(harness, arguments.target);
    if (!scenario) return std::unexpected(scenario.error());
    auto plan = parse_plan(harness, arguments);
    if (!plan) return std::unexpected(plan.error());
    Subject subject{*scenario, arguments.seed.value_or(0), std::nullopt, arguments.calm};
    subject.plan = *std::move(plan);
    subject.plan.profile = sim::search::calm_profile(**scenario);
    return perform(harness, subject, arguments);
}

Result<int> replay(const Harness& harness, const RunArguments& arguments) {
    if (sim::search::find_scenario(harness.scenarios, arguments.target) != nullptr) {
        return run_seed(harness, arguments);
    };
    auto failure = sim::search::read_failure(arguments.target, harness.scenarios);
    if (!failure) {
        Error error = std::move(failure.error());
        error.action += ", or the name of a scenario with --seed";
        return std::unexpected(std::move(error));
    }
    const auto scenario = known_scenario(harness, failure->scenario);
    if (!scenario) return std::unexpected(scenario.error());
    const auto plan = parse_plan(harness, arguments);
    if (!plan) return std::unexpected(plan.error());
    if (arguments.seed || arguments.calm || !arguments.strategy.empty() ||
        !options_of(*plan).empty()) {
        return std::unexpected(bad_input("a failure file is a run of its own",
                                         "leave out --seed, --calm, --strategy and the switches of "
                                         "faults, or name a scenario"));
    }
    const std::uint64_t seed = failure->seed;
    return perform(harness, {*scenario, seed, std::move(*failure), false, {}}, arguments);
}

Result<int> list(const Harness& harness, bool as_json) {
    if (as_json) {
        json scenarios = json::array();
        for (const sim::search::Scenario& scenario : harness.scenarios) {
            scenarios.push_back({{"name", scenario.name},
                                 {"sentence", scenario.sentence},
                                 {"faults", scenario.faults},
                                 {"generated", scenario.generated},
                                 {"sometimes", scenario.sometimes}});
        }
        json properties = json::array();
        for (const auto& property : harness.promises()) {
            properties.push_back({{"name", property.name},
                                  {"phase", property.phase},
                                  {"sentence", property.sentence}});
        }
        json faults = json::array();
        for (const auto& [name, kind] : fault_kinds(harness)) {
            faults.push_back({{"name", name}, {"rate", rate_of(kind)}});
        }
        fmt::print("{}\n", json{{"scenarios", scenarios},
                                {"properties", properties},
                                {"faults", faults},
                                {"strategies", sim::search::strategy_names()}}
                               .dump());
        return 0;
    }
    fmt::print("Scenarios\n");
    for (const sim::search::Scenario& scenario : harness.scenarios) {
        fmt::print("  {:<24} {}\n", scenario.name, scenario.sentence);
    }
    fmt::print("\nProperties, and when each is judged\n");
    for (const auto& property : harness.promises()) {
        fmt::print("  {:<28} {:<8} {}\n", property.name, property.phase, property.sentence);
    }
    fmt::print("\nFaults, and how often each strikes where it can\n");
    for (const auto& [name, kind] : fault_kinds(harness)) {
        fmt::print("  {:<28} {}\n", name, rate_of(kind));
    }
    fmt::print("\nStrategies\n ");
    for (const std::string_view name : sim::search::strategy_names()) fmt::print(" {}", name);
    fmt::print("\n");
    return 0;
}

}  // namespace reports
