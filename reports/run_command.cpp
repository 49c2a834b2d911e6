#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "properties/failure_file.hpp"
#include "properties/property.hpp"
#include "properties/run.hpp"
#include "reports/commands.hpp"
#include "reports/input.hpp"
#include "reports/text.hpp"

namespace reports {
namespace {

using lifecycle::Error;
using lifecycle::Result;
using nlohmann::json;

// What is to be run, and how to say where it came from.
struct Subject {
    const scenarios::Scenario* scenario = nullptr;
    std::uint64_t seed = 0;
    std::optional<properties::Failure> failure;
    bool calm = false;

    std::unique_ptr<sim::Source> source() const {
        if (failure) return scenarios::recorded(failure->deviations);
        if (calm) return scenarios::calm_tape();
        return scenarios::seeded(seed);
    }
    std::string origin() const {
        if (failure) return fmt::format("tape of seed {}", seed);
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

json to_json(const Subject& subject, const properties::RunResult& result, std::int64_t wall_ms) {
    json broken = json::array();
    for (const properties::Violation& violation : result.violations) {
        broken.push_back({{"property", violation.property},
                          {"message", violation.message},
                          {"step", violation.step}});
    }
    json printed = {{"scenario", subject.scenario->name},
                    {"seed", subject.seed},
                    {"verdict", result.held() ? "held" : "broken"},
                    {"hash", properties::to_hex(result.hash)},
                    {"steps", result.steps},
                    {"decisions", result.decisions},
                    {"virtual_ms", result.virtual_time.count() / 1000},
                    {"wall_ms", wall_ms},
                    {"broken", std::move(broken)}};
    if (!result.sql_answer.empty()) printed["sql"] = result.sql_answer;
    return printed;
}

// Runs the subject once more and says whether it went the same way.
bool same_again(const Subject& subject, const properties::RunOptions& options,
                const properties::RunResult& first) {
    properties::RunOptions again = options;
    again.listener = nullptr;
    const properties::RunResult second =
        properties::run(*subject.scenario, subject.source(), again);
    const std::string difference = first_difference(first.events, second.events);
    if (difference.empty() && first.hash == second.hash) return true;
    fmt::print(stderr, "{}", difference.empty() ? "the hashes differ\n" : difference);
    return false;
}

Result<int> perform(const Subject& subject, const RunArguments& arguments) {
    properties::RunOptions options;
    options.keep_events = arguments.story || arguments.check || !arguments.json;
    options.sql = arguments.sql;
    if (arguments.until > 0) options.until_step = arguments.until;
    std::optional<TraceFile> trace;
    if (!arguments.trace.empty()) {
        trace.emplace(arguments.trace);
        if (!trace->good()) return std::unexpected(cannot_write(arguments.trace));
        options.listener = &*trace;
    }
    const auto begin = std::chrono::steady_clock::now();
    const properties::RunResult result =
        properties::run(*subject.scenario, subject.source(), options);
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    if (trace && !trace->finish()) return std::unexpected(cannot_write(arguments.trace));
    if (arguments.json) {
        fmt::print("{}\n", to_json(subject, result, wall.count()).dump());
    } else {
        if (arguments.story || !result.held() || arguments.until > 0) {
            fmt::print("{}\n", story(result.events, arguments.story ? 100'000 : 40));
        }
        fmt::print("{}", summary(subject.scenario->name, subject.origin(), result));
        if (!result.sql_answer.empty()) fmt::print("\n{}", result.sql_answer);
    }
    if (subject.failure && arguments.until == 0 && result.hash != subject.failure->hash) {
        fmt::print(
            stderr,
            "this is not the run that was recorded: its hash was {}, so the code has changed "
            "since\n",
            properties::to_hex(subject.failure->hash));
    }
    if (arguments.check && !same_again(subject, options, result)) return 1;
    if (arguments.check && !arguments.json) fmt::print("ran twice, the same both times\n");
    if (!result.held() && !arguments.json && !subject.failure) {
        fmt::print("replay: vivarium replay {}{}\n", subject.scenario->name,
                   subject.calm ? " --calm" : fmt::format(" --seed {}", subject.seed));
    }
    return result.held() ? 0 : 1;
}

}  // namespace

Result<int> run_seed(const RunArguments& arguments) {
    const auto scenario = known_scenario(arguments.target);
    if (!scenario) return std::unexpected(scenario.error());
    return perform({*scenario, arguments.seed, std::nullopt, arguments.calm}, arguments);
}

Result<int> replay(const RunArguments& arguments) {
    if (scenarios::find_scenario(arguments.target) != nullptr) return run_seed(arguments);
    auto failure = properties::read_failure(arguments.target);
    if (!failure) {
        Error error = std::move(failure.error());
        error.action += ", or the name of a scenario with --seed";
        return std::unexpected(std::move(error));
    }
    const auto scenario = known_scenario(failure->scenario);
    if (!scenario) return std::unexpected(scenario.error());
    const std::uint64_t seed = failure->seed;
    return perform({*scenario, seed, std::move(*failure), false}, arguments);
}

Result<int> list(bool as_json) {
    if (as_json) {
        json scenarios = json::array();
        for (const scenarios::Scenario& scenario : scenarios::catalog()) {
            scenarios.push_back({{"name", scenario.name},
                                 {"sentence", scenario.sentence},
                                 {"faults", scenario.faults}});
        }
        json properties = json::array();
        for (const auto& property : properties::all_properties()) {
            properties.push_back({{"name", property->name()}, {"sentence", property->sentence()}});
        }
        fmt::print("{}\n", json{{"scenarios", scenarios}, {"properties", properties}}.dump());
        return 0;
    }
    fmt::print("Scenarios\n");
    for (const scenarios::Scenario& scenario : scenarios::catalog()) {
        fmt::print("  {:<24} {}\n", scenario.name, scenario.sentence);
    }
    fmt::print("\nProperties: always\n");
    for (const auto& property : properties::always_properties()) {
        fmt::print("  {:<28} {}\n", property->name(), property->sentence());
    }
    fmt::print("\nProperties: eventually, after the faults\n");
    for (const auto& property : properties::eventually_properties()) {
        fmt::print("  {:<28} {}\n", property->name(), property->sentence());
    }
    return 0;
}

}  // namespace reports
