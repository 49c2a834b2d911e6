#include "scenarios/client/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <utility>

#include "scenarios/client/action.hpp"
#include "scenarios/cluster/sites.hpp"
#include "sim/world/run_queue.hpp"
#include "sim/world/tape.hpp"

namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kThinking = 16;

std::string step_words(std::uint64_t value) {
    return fmt::format("makes the next step: {}", actions().at(value).name);
}
std::string think_words(std::uint64_t value) {
    return fmt::format("thinks for {} min before the next step", value);
}
constexpr sim::LaneKind kStep = sim::choice("workload", step_words);
constexpr sim::LaneKind kProvider = sim::choice("provider", [](std::uint64_t value) {
    return fmt::format("asks for its next machine at {}", sites().at(value).name);
});
constexpr sim::LaneKind kThink = sim::choice("think", think_words);

}  // namespace

std::string to_string(const Step& step) {
    const Action& action = actions().at(step.action);
    return fmt::format("{}{}{} after {} min", action.name, action.makes_machine ? " at " : "",
                       action.makes_machine ? sites().at(step.provider).name : "",
                       step.think_minutes);
}

Step creation(std::int64_t volume_gb) {
    const auto creates = std::ranges::find_if(actions(), &Action::makes_machine);
    Step step;
    step.action = static_cast<std::uint64_t>(creates - actions().begin());
    step.volume_gb = volume_gb;
    return step;
}

Script perform_all(Stage stage, std::string project, std::vector<Step> steps) {
    for (const Step& step : steps) {
        co_await stage.sleep(minutes(step.think_minutes));
        co_await actions().at(step.action).perform(stage, project, step);
    }
}

std::vector<Step> draw_steps(sim::Tape& tape, const std::string& project, std::size_t count,
                             std::int64_t volume_gb) {
    const sim::LaneId choices = tape.lane("workload " + project, kStep);
    const sim::LaneId providers = tape.lane("provider " + project, kProvider);
    const sim::LaneId pauses = tape.lane("think " + project, kThink);
    const auto with_volumes = std::ranges::find_if(sites(), &Site::has_volumes) - sites().begin();
    std::vector<Step> steps;
    for (std::size_t i = 0; i < count; ++i) {
        Step step;
        if (volume_gb > 0) step.provider = static_cast<std::uint64_t>(with_volumes);
        step.action = tape.draw(choices, actions().size());
        step.think_minutes = static_cast<int>(tape.draw(pauses, kThinking));
        if (actions().at(step.action).makes_machine && volume_gb == 0) {
            step.provider = tape.draw(providers, sites().size());
        }
        step.volume_gb = volume_gb;
        steps.push_back(step);
    }
    return steps;
}

Script perform_together(Stage stage, std::vector<std::pair<std::string, std::vector<Step>>> plans) {
    auto left = std::make_shared<std::size_t>(plans.size());
    for (auto& [project, steps] : plans) {
        boost::asio::co_spawn(stage.cluster().client().executor(),
                              perform_all(stage, project, std::move(steps)),
                              [left](std::exception_ptr failure) {
                                  if (failure) std::rethrow_exception(failure);
                                  --*left;
                              });
    }
    while (*left > 0) co_await stage.sleep(seconds(10));
}

}  // namespace scenarios
