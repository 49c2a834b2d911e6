#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "properties/jury.hpp"
#include "scenarios/client/stage.hpp"

namespace tests {

// A universe in which a test plays a script of its own, with every always-property watching.
class Play {
  public:
    explicit Play(std::unique_ptr<sim::Source> source = std::make_unique<sim::CalmSource>())
        : tape(std::move(source)), jury(properties::always_properties()) {
        for (const auto& property : jury.properties()) {
            property->report_to([this](const properties::Property& which, std::string message) {
                broken.push_back(std::string(which.name()) + ": " + message);
            });
        }
        tape.allow_faults({});
        universe = std::make_unique<scenarios::Universe>(tape, trace, jury);
    }

    // True if the script came to its end.
    bool run(const std::function<scenarios::Script(scenarios::Stage)>& script,
             sim::Duration at_most = std::chrono::hours(2)) {
        return universe->play(script, at_most);
    }

    sim::Tape tape;
    sim::Trace trace;
    properties::Jury jury;
    std::vector<std::string> broken;
    std::unique_ptr<scenarios::Universe> universe;
};

}  // namespace tests
