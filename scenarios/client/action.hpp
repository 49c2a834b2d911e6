#pragma once

#include <string>
#include <vector>

#include "scenarios/client/stage.hpp"
#include "scenarios/client/workload.hpp"

namespace scenarios {

// Something that a client of a project may do in a step, with no expectation but that answers make
// sense.
struct Action {
    std::string name;
    Script (*perform)(Stage stage, std::string project, Step step);
    bool makes_machine = false;
};

// All there are, in the order in which they are drawn; the first does nothing. A new one belongs at
// the end: tapes know them by their place.
const std::vector<Action>& actions();

}  // namespace scenarios
