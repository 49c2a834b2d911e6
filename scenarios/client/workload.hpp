#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/client/stage.hpp"
#include "sim/world/tape.hpp"

namespace scenarios {

// What a client of one project does next, after thinking for a while.
struct Step {
    std::uint64_t action = 0;    // its place among the actions; 0: nothing
    std::uint64_t provider = 0;  // of a machine that is created: its place among the sites
    std::int64_t volume_gb = 0;  // and its volume; more than 0 only where there are volumes
    int think_minutes = 0;
};
std::string to_string(const Step& step);

// The one that creates a machine, at once and at the first provider, with that volume.
Step creation(std::int64_t volume_gb = 0);

// All the steps of one project's client, in order.
Script perform_all(Stage stage, std::string project, std::vector<Step> steps);

// That many steps, drawn from the project's own lanes of the tape. With a volume all machines are
// at the provider that has it.
std::vector<Step> draw_steps(sim::Tape& tape, const std::string& project, std::size_t count,
                             std::int64_t volume_gb = 0);

// Runs the clients of several projects side by side until all are through.
Script perform_together(Stage stage, std::vector<std::pair<std::string, std::vector<Step>>> plans);

}  // namespace scenarios
