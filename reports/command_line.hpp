#pragma once

#include <string>

#include "sim/search/harness.hpp"
#include "sim/search/simple_trial.hpp"

namespace reports {

// The whole `vivarium` command line over the scenarios of a program: list, run, replay, explore,
// verify, shrink, merge, corpus. Gives the exit code. `int main` of a harness is this one call; the
// harness has to outlive it.
int command_line(int count, char** words, const sim::search::Harness& harness);

// The same of one scenario, whose trials are of a class that derives from SimpleTrial.
template <class T>
int command_line(int count, char** words, const std::string& name) {
    sim::search::Harness harness;
    harness.sentence = "a deterministic search of " + name;
    harness.scenarios = {sim::search::scenario<T>(name)};
    return command_line(count, words, harness);
}

}  // namespace reports
