#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenarios/client/stage.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/search/scenario.hpp"

namespace scenarios {

// One way to put the system to the test: what the client does, and what may go wrong meanwhile.
struct Scenario {
    std::string name;
    std::string sentence;             // what it shows
    std::vector<std::string> faults;  // kinds that may strike, such as "net."
    bool nemesis = false;             // pauses and partitions too
    sim::Duration at_most{0};         // a script that takes longer is broken
    std::function<Script(Stage)> play;
    // What must happen in some run of an exploration, by name of the behaviour: see coverage.
    std::vector<std::string> sometimes = {};
    std::uint64_t max_steps = sim::search::kStepLimit;
    ClusterOptions cluster = {};
    // What takes another time than usual by its nature: see catalog/terms.
    std::vector<Term> terms = {};
    // What is asked for is drawn, or follows from a description of all that can be.
    bool generated = false;
};

}  // namespace scenarios
