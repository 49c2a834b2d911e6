#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/client/stage.hpp"

namespace tests {

// A cluster in which a test plays a script of its own, with every always-property watching.
class Play {
  public:
    explicit Play(std::unique_ptr<sim::Source> source = std::make_unique<sim::CalmSource>())
        : tape(std::move(source)),
          judging(properties::always_properties()),
          witnesses(properties::witnesses_of(judging)) {
        for (const auto& property : judging) {
            property->report_to([this](const properties::Property& which, std::string message) {
                broken.push_back(std::string(which.name()) + ": " + message);
            });
        }
        tape.allow_faults({});
        cluster = std::make_unique<scenarios::Cluster>(tape, trace, witnesses);
    }

    // True if the script came to its end.
    bool run(const std::function<scenarios::Script(scenarios::Stage)>& script,
             sim::Duration at_most = std::chrono::hours(2)) {
        return cluster->play(script(scenarios::Stage(*cluster)), at_most);
    }

    sim::Tape tape;
    sim::Trace trace;
    properties::Properties judging;
    scenarios::Witnesses witnesses;
    std::vector<std::string> broken;
    std::unique_ptr<scenarios::Cluster> cluster;
};

}  // namespace tests
