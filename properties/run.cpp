#include "properties/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "properties/jury.hpp"
#include "scenarios/universe.hpp"

namespace properties {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class Keeper final : public sim::TraceListener {
  public:
    explicit Keeper(std::vector<sim::KeptEvent>& kept) : kept_(kept) {}
    void on_event(const sim::Event& event) override { kept_.emplace_back(event); }

  private:
    std::vector<sim::KeptEvent>& kept_;
};

// The stages of a run; each goes on only while nothing is broken.
class Course {
  public:
    Course(const scenarios::Scenario& scenario, scenarios::Universe& universe, Jury& jury,
           const RunResult& result, const RunOptions& options)
        : scenario_(scenario),
          universe_(universe),
          jury_(jury),
          result_(result),
          faults_(options.faults.value_or(scenario.faults)),
          limit_(options.until_step.value_or(scenario.step_limit)),
          keep_going_(options.keep_going) {}

    // What is to be said if the run did not get through; empty if it did.
    std::string complete() {
        universe_.world().limit_steps(limit_);
        universe_.world().tape().allow_faults(faults_);
        if (scenario_.nemesis) universe_.nemesis().start();
        if (!finish(scenario_.play, scenario_.at_most)) return unfinished("the script");
        // Long enough for the longest lease, backoff, grace and deadline to run out.
        universe_.calm(minutes(45));
        if (stopped()) return unfinished("the calm");
        jury_.on_calm(universe_.shadow());
        if (stopped()) return {};
        if (!finish(scenarios::demand_machines, hours(1))) return unfinished("the last demands");
        universe_.calm(minutes(45));
        if (stopped()) return unfinished("the end");
        universe_.show_rows();
        const auto faults = universe_.world().tape().fault_counts();
        const auto resources = universe_.inventory();
        const auto volumes = universe_.volumes();
        const auto rows = universe_.count_rows();
        jury_.at_end({universe_.shadow(), resources, volumes, universe_.demands(), faults, rows,
                      universe_.world().now()});
        return {};
    }

  private:
    bool broken() const { return !keep_going_ && !result_.held(); }
    bool stopped() const { return broken() || universe_.world().steps() >= limit_; }

    bool finish(const std::function<scenarios::Script(scenarios::Stage)>& script,
                sim::Duration at_most) {
        return universe_.play(script, at_most) && !stopped();
    }

    // Why a stage did not end, and who waits for what.
    std::string unfinished(std::string_view stage) const {
        if (broken()) return {};
        const bool livelock = universe_.world().steps() >= limit_;
        std::string text =
            livelock ? fmt::format("{} ran {} tasks without coming to an end", stage, limit_)
                     : fmt::format("{} did not end within its time", stage);
        const std::vector<sim::Waiting> waiting = universe_.waiting();
        constexpr std::size_t kMost = 12;
        for (std::size_t i = 0; i < waiting.size() && i < kMost; ++i) {
            text += fmt::format("; {} waits for {} since {}", waiting[i].who, waiting[i].what,
                                sim::to_text(waiting[i].since));
        }
        if (waiting.size() > kMost) text += fmt::format("; {} more", waiting.size() - kMost);
        return text;
    }

    const scenarios::Scenario& scenario_;
    scenarios::Universe& universe_;
    Jury& jury_;
    const RunResult& result_;
    std::vector<std::string> faults_;
    std::uint64_t limit_;
    bool keep_going_;
};

}  // namespace

RunResult run(const scenarios::Scenario& scenario, std::unique_ptr<sim::Source> source,
              const RunOptions& options) {
    RunResult result;
    sim::Tape tape(std::move(source),
                   options.record_tape ? sim::Tape::Recording::on : sim::Tape::Recording::off);
    sim::Trace trace;
    Keeper keeper(result.events);
    if (options.keep_events) trace.listen(keeper);
    if (options.listener != nullptr) trace.listen(*options.listener);
    Jury jury(all_properties());
    scenarios::Universe universe(tape, trace, jury, options.recorder, scenario.servers);
    sim::World& world = universe.world();
    const auto report = [&](std::string_view property, std::string message) {
        if (!options.property.empty() && property != options.property) return;
        if (options.keep_going &&
            std::ranges::find(result.violations, property, &Violation::property) !=
                result.violations.end()) {
            return;
        }
        world.self().emit("broken", {{"property", property}, {"message", message}});
        result.violations.push_back(
            {std::string(property), std::move(message), world.steps(), world.now()});
        if (!options.keep_going) world.halt();
    };
    for (const auto& property : jury.properties()) {
        // What a script expects, it expects under the faults of its scenario and no others.
        if (options.faults && property->name() == kScriptSatisfied) {
            property->report_to([](const Property&, const std::string&) {});
            continue;
        }
        property->report_to([&](const Property& broken, std::string message) {
            report(broken.name(), std::move(message));
        });
    }
    Course course(scenario, universe, jury, result, options);
    std::string unfinished;
    try {
        unfinished = course.complete();
    } catch (const std::exception& bug) {
        unfinished = fmt::format("an exception left a task: {}", bug.what());
    }
    result.stopped_early = !unfinished.empty() && result.held() && options.until_step &&
                           world.steps() >= *options.until_step;
    if (!unfinished.empty() && !result.stopped_early) report("run-completes", unfinished);
    result.hash = trace.digest();
    result.steps = world.steps();
    result.decisions = tape.decisions();
    result.virtual_time = world.now();
    result.faults = tape.fault_counts();
    result.deviations = tape.deviations();
    if (!options.sql.empty()) {
        auto answer = universe.try_ask(options.sql);
        (answer ? result.sql_answer : result.sql_error) =
            answer ? *std::move(answer) : std::move(answer.error());
    }
    return result;
}

}  // namespace properties
