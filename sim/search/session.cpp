#include "sim/search/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace sim::search {
namespace {

class Keeper final : public TraceListener {
  public:
    explicit Keeper(std::vector<KeptEvent>& kept) : kept_(kept) {}
    void on_event(const Event& event) override { kept_.emplace_back(event); }

  private:
    std::vector<KeptEvent>& kept_;
};

// Of a phase that may rest.
constexpr Duration kBetweenLooks = std::chrono::minutes(1);

}  // namespace

struct Session::State {
    State(const Scenario& asked, std::unique_ptr<Source> source, RunOptions how)
        : scenario(asked),
          options(std::move(how)),
          max_steps(options.until_step.value_or(scenario.max_steps)),
          tape(std::move(source), options.record_tape ? Tape::Recording::on : Tape::Recording::off),
          keeper(result.events) {
        if (options.keep_events) trace.listen(keeper);
        if (options.listener != nullptr) trace.listen(*options.listener);
        safely([this] { return make_trial(); });
    }

    // Whether there is one now.
    bool make_trial() {
        trial = scenario.trial(Ground{tape, trace, options.recorder, !options.faults.has_value(),
                                      [this](std::string_view property, std::string message) {
                                          report(property, std::move(message));
                                      }});
        if (trial == nullptr) throw std::logic_error("the scenario made no trial");
        world = &trial->world();
        world->limit_steps(max_steps);
        tape.allow_faults(options.faults.value_or(scenario.faults));
        phases = trial->phases();
        return true;
    }

    bool broken() const { return !options.keep_going && !result.held(); }
    bool exhausted() const { return world != nullptr && world->steps() >= max_steps; }

    void report(std::string_view property, std::string message) {
        if (!options.property.empty() && property != options.property) return;
        if (options.keep_going &&
            std::ranges::find(result.violations, property, &Violation::property) !=
                result.violations.end()) {
            return;
        }
        if (world == nullptr) {  // while the trial is made
            result.violations.push_back({std::string(property), std::move(message), 0, {}});
            return;
        }
        world->self().emit("broken", {{"property", property}, {"message", message}});
        result.violations.push_back(
            {std::string(property), std::move(message), world->steps(), world->now()});
        if (!options.keep_going) world->halt();
    }

    // Runs one task, or all of a phase; false if there is none left.
    bool advance(bool one_task) {
        while (!over) {
            if (phase == phases.size()) return end();
            const Phase& now = phases[phase];
            if (!begun) enter(now);
            bool time_is_over = false;
            if (!world->halted() && !exhausted()) {
                if (one_task && world->step(deadline)) return true;
                world->run_until(deadline);
                time_is_over = !world->halted() && !exhausted();
            }
            const bool at_rest = time_is_over && now.at_rest && now.at_rest();
            if (time_is_over && !at_rest && deadline < latest) {
                deadline = std::min(deadline + kBetweenLooks, latest);
                continue;
            }
            const bool finished = now.finished && now.finished();
            if (broken()) return stop({});
            if (exhausted() || (time_is_over && now.finished && !finished)) {
                return stop(unfinished(now.name));
            }
            world->go_on();
            if (!finished && !time_is_over) continue;  // it halted for another reason
            if (now.end) now.end();
            if (broken()) return stop({});
            ++phase;
            begun = false;
        }
        return false;
    }

    // Whatever is thrown breaks the run, and ends it.
    template <class Act>
    bool safely(const Act& act) {
        try {
            return act();
        } catch (const std::exception& bug) {
            return stop(fmt::format("an exception ended it: {}", bug.what()));
        } catch (...) {
            return stop("something that is no exception was thrown");
        }
    }

    void enter(const Phase& now) {
        begun = true;
        latest = world->now() + now.at_most;
        deadline = now.at_rest ? std::min(world->now() + kBetweenLooks, latest) : latest;
        world->go_on();
        if (now.begin) now.begin();
    }

    bool end() {
        over = true;
        trial->judge();
        return false;
    }

    bool stop(std::string why) {
        over = true;
        result.stopped_early = !why.empty() && result.held() && options.until_step && exhausted();
        if (why.empty() || result.stopped_early) return false;
        result.completed = false;
        report(kRunCompletes, std::move(why));
        return false;
    }

    // Why a phase did not come to its end, and who waits for what.
    std::string unfinished(std::string_view name) {
        std::string text =
            exhausted() ? fmt::format("{} ran {} tasks without coming to an end", name, max_steps)
                        : fmt::format("{} did not end within its time", name);
        const std::vector<Waiting> waiting = trial->waiting();
        constexpr std::size_t kMax = 12;
        for (std::size_t i = 0; i < waiting.size() && i < kMax; ++i) {
            text += fmt::format("; {} waits for {} since {}", waiting[i].who, waiting[i].what,
                                to_text(waiting[i].since));
        }
        if (waiting.size() > kMax) text += fmt::format("; {} more", waiting.size() - kMax);
        return text;
    }

    const Scenario& scenario;
    const RunOptions options;
    const std::uint64_t max_steps;
    RunResult result;
    Tape tape;
    Trace trace;
    Keeper keeper;
    std::unique_ptr<Trial> trial;
    World* world = nullptr;
    std::vector<Phase> phases;
    std::size_t phase = 0;
    bool begun = false;      // the phase
    VirtualTime deadline{};  // when it is over, or asked whether it rests
    VirtualTime latest{};    // when it is over
    bool over = false;
};

Session::Session(const Scenario& scenario, std::unique_ptr<Source> source, RunOptions options)
    : state_(std::make_unique<State>(scenario, std::move(source), std::move(options))) {}

Session::~Session() = default;

bool Session::step() {
    return state_->safely([this] { return state_->advance(true); });
}

void Session::finish() {
    while (state_->safely([this] { return state_->advance(false); })) {
    }
}

Trial& Session::trial() {
    return *state_->trial;
}

RunResult Session::result() {
    State& state = *state_;
    RunResult& result = state.result;
    result.hash = state.trace.digest();
    if (state.world != nullptr) {
        result.steps = state.world->steps();
        result.virtual_time = state.world->now();
    }
    result.decisions = state.tape.decisions();
    result.faults = state.tape.fault_counts();
    result.deviations = state.tape.deviations();
    if (!state.options.question.empty() && state.trial != nullptr) {
        auto answer = state.trial->ask(state.options.question);
        (answer ? result.answer : result.no_answer) =
            answer ? *std::move(answer) : std::move(answer.error());
    }
    return std::move(result);
}

const Scenario* find_scenario(std::span<const Scenario> scenarios, std::string_view name) {
    const auto found = std::ranges::find(scenarios, name, &Scenario::name);
    return found == scenarios.end() ? nullptr : &*found;
}

RunResult run(const Scenario& scenario, std::unique_ptr<Source> source, const RunOptions& options) {
    Session session(scenario, std::move(source), options);
    session.finish();
    return session.result();
}

}  // namespace sim::search
