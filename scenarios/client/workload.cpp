#include "scenarios/client/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <utility>

#include "scenarios/cluster/sites.hpp"
#include "sim/world/run_queue.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/http.hpp"

namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string_view name_of(Step::Action action) {
    switch (action) {
        case Step::Action::nothing: return "nothing";
        case Step::Action::look: return "look";
        case Step::Action::create: return "create";
        case Step::Action::proxy: return "proxy";
        case Step::Action::agents: return "agents";
        case Step::Action::retire: return "retire";
        case Step::Action::restart: return "restart";
        case Step::Action::recreate: return "recreate";
        case Step::Action::delegate: return "delegate";
        case Step::Action::rotate: return "rotate";
    }
    return "unknown";
}

constexpr std::uint64_t kThinking = 16;

std::string step_words(std::uint64_t value) {
    return fmt::format("makes the next step: {}", name_of(static_cast<Step::Action>(value)));
}
std::string think_words(std::uint64_t value) {
    return fmt::format("thinks for {} min before the next step", value);
}
constexpr sim::LaneKind kStep = sim::choice("workload", step_words);
constexpr sim::LaneKind kProvider = sim::choice("provider", [](std::uint64_t value) {
    return fmt::format("asks for its next machine at {}", sites().at(value).name);
});
constexpr sim::LaneKind kThink = sim::choice("think", think_words);

// The newest machine of a project, as a client that keeps its own list would know it.
std::string newest_machine(const Shadow& shadow, const std::string& project) {
    std::string newest;
    std::int64_t generation = 0;
    for (const auto& [id, machine] : shadow.machines()) {
        if (machine.project == project && machine.generation > generation) {
            newest = id;
            generation = machine.generation;
        }
    }
    return newest;
}

// Whether a change was accepted, or refused for a reason that is none of the asker's: nobody could
// answer, the machine is not in service, or nothing can be written now.
bool accepted_or_excused(const std::optional<lifecycle::HttpResponse>& answer) {
    return !answer || answer->status == 202 || answer->status == 409 || answer->status == 503;
}

}  // namespace

std::string to_string(const Step& step) {
    const bool creates = step.action == Step::Action::create;
    return fmt::format("{}{}{} after {} min", name_of(step.action), creates ? " at " : "",
                       creates ? sites().at(step.provider).name : "", step.think_minutes);
}

Script perform(Stage stage, std::string project, Step step) {
    const std::string newest = newest_machine(stage.shadow(), project);
    switch (step.action) {
        case Step::Action::nothing: break;
        case Step::Action::create: {
            const std::string machine =
                co_await stage.create(project, sites().at(step.provider).name, step.volume_gb);
            stage.expect(!machine.empty(), "a created machine has an id");
            break;
        }
        case Step::Action::retire:
            if (!newest.empty()) co_await stage.retire(newest);
            break;
        case Step::Action::restart: {
            if (newest.empty()) break;
            const auto answer =
                co_await stage.call("POST", fmt::format("/v1/machines/{}/restart", newest), "{}");
            stage.expect(accepted_or_excused(answer),
                         "a machine is restarted, or said not to be in service");
            break;
        }
        case Step::Action::recreate: {
            const auto recreated = co_await stage.recreate(project);
            static_cast<void>(recreated);
            break;
        }
        case Step::Action::delegate: {
            const std::string work = co_await stage.delegate(project, 1800);
            static_cast<void>(work);
            break;
        }
        case Step::Action::rotate: {
            if (newest.empty()) break;
            const auto answer =
                co_await stage.call("POST", fmt::format("/v1/machines/{}/rotate", newest), "{}");
            stage.expect(accepted_or_excused(answer),
                         "a token is rotated, or the machine said not to be in service");
            break;
        }
        case Step::Action::look: {
            const auto online = co_await stage.online(project);
            static_cast<void>(online);
            std::string target = fmt::format("/v1/projects/{}/machines", project);
            const auto answer = co_await stage.call("GET", std::move(target));
            stage.expect(!answer || answer->status == 200 || newest.empty(),
                         "a project with machines can be listed");
            break;
        }
        case Step::Action::proxy: {
            std::string target = fmt::format("/v1/projects/{}/proxy/hello?from=client", project);
            const auto answer = co_await stage.call("POST", std::move(target), "{}");
            stage.expect(!answer || answer->status == 200 || answer->status == 503,
                         "the proxy answers, or says that the machine is unavailable");
            break;
        }
        case Step::Action::agents: {
            if (newest.empty()) break;
            const auto answer = co_await stage.call("GET", "/v1/machines/" + newest + "/agents");
            stage.expect(!answer || answer->status == 200 || answer->status == 503,
                         "agents are listed, or the machine is said to be unavailable");
            break;
        }
    }
}

Script perform_all(Stage stage, std::string project, std::vector<Step> steps) {
    for (const Step& step : steps) {
        co_await stage.sleep(minutes(step.think_minutes));
        co_await perform(stage, project, step);
    }
}

std::vector<Step> draw_steps(sim::Tape& tape, const std::string& project, std::size_t count,
                             std::int64_t volume_gb) {
    const sim::LaneId actions = tape.lane("workload " + project, kStep);
    const sim::LaneId providers = tape.lane("provider " + project, kProvider);
    const sim::LaneId pauses = tape.lane("think " + project, kThink);
    const auto with_volumes = std::ranges::find_if(sites(), &Site::has_volumes) - sites().begin();
    std::vector<Step> steps;
    for (std::size_t i = 0; i < count; ++i) {
        Step step;
        if (volume_gb > 0) step.provider = static_cast<std::uint64_t>(with_volumes);
        step.action = static_cast<Step::Action>(tape.draw(actions, Step::kActions));
        step.think_minutes = static_cast<int>(tape.draw(pauses, kThinking));
        if (step.action == Step::Action::create && volume_gb == 0) {
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
