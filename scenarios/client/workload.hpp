#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/client/stage.hpp"
#include "sim/world/tape.hpp"

namespace scenarios {

// What a client of one project does next, after thinking for a while.
struct Step {
    enum class Action : std::uint8_t {
        nothing,
        look,
        create,
        proxy,
        agents,
        retire,
        restart,
        recreate,
        delegate,
        rotate
    };
    static constexpr std::uint64_t kActions = 10;
    Action action = Action::nothing;
    std::uint64_t provider = 0;  // of a machine that is created: its place among the sites
    std::int64_t volume_gb = 0;  // and its volume; more than 0 only where there are volumes
    int think_minutes = 0;
};
std::string to_string(const Step& step);

// Does one step, with no expectation but that answers make sense.
Script perform(Stage stage, std::string project, Step step);

// All the steps of one project's client, in order.
Script perform_all(Stage stage, std::string project, std::vector<Step> steps);

// That many steps, drawn from the project's own lanes of the tape. With a volume all machines are
// at the provider that has it.
std::vector<Step> draw_steps(sim::Tape& tape, const std::string& project, std::size_t count,
                             std::int64_t volume_gb = 0);

// Runs the clients of several projects side by side until all are through.
Script perform_together(Stage stage, std::vector<std::pair<std::string, std::vector<Step>>> plans);

}  // namespace scenarios
