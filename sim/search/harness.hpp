#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/search/scenario.hpp"

namespace sim::search {

// What a property promises, for lists.
struct Promise {
    std::string name;
    std::string sentence;
    std::string phase = "always";  // from when on it can be broken, in a word
};

// A program under test, as the commands that search it see it.
struct Harness {
    std::string sentence;  // what it is, for the help of the command line
    std::vector<Scenario> scenarios;
    std::vector<Promise> properties;  // its own; none: they are not listed, and may be any
    // The scenario in whose calm run every kind of fault has a lane, since what may strike is
    // learned from that; empty: all of them are played for it.
    std::string widest = {};
    // How a question has to be put, for whoever put one that was not answered.
    std::string how_to_ask = "leave the question out";
    std::string corpus = "corpus";  // the folder of the tapes of bugs that were found

    // What a run can be broken by: its own properties, and kRunCompletes, by which every program is
    // judged.
    std::vector<Promise> promises() const;
    // Whether that may be the name of one.
    bool may_break(std::string_view property) const;
};

}  // namespace sim::search
