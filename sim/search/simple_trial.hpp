#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/search/scenario.hpp"

namespace sim::search {

// A trial of one phase: whoever derives from it begins something, and says at the end, or on the
// way, what is broken. It lasts until nothing is left to do, or `max_time` of virtual time is over.
class SimpleTrial : public Trial {
  public:
    // What it is built on, before anything else.
    void stand_on(const Ground& ground) {
        ground_.emplace(ground);
        world_.emplace(ground.tape, ground.trace, ground.recorder);
    }
    World& world() final { return *world_; }
    std::vector<Phase> phases() override {
        return {{"the run", max_time(), [this] { begin(); }}};
    }

  protected:
    virtual void begin() = 0;
    virtual Duration max_time() const { return std::chrono::hours(1); }

    Tape& tape() { return ground_->tape; }
    // Another process, up, and of a role of its own.
    Process& add_process(const std::string& name) {
        Process& process = world_->add_process(name, name);
        process.boot();
        return process;
    }
    // The same of one that runs a program, and that may crash: it starts again within that time.
    Process& add_program(const std::string& name, Process::Boot program, Duration down_for) {
        Process& process = world_->add_process(name, name);
        process.set_program(std::move(program));
        process.supervise(down_for);
        process.boot();
        return process;
    }
    // Unless it holds, that property is broken.
    void expect(bool held, std::string_view property, std::string message = {}) const {
        if (!held) ground_->broken(property, std::move(message));
    }

  private:
    std::optional<Ground> ground_;
    std::optional<World> world_;
};

// A scenario whose trials are of a class that derives from SimpleTrial, and is made of `arguments`.
template <class T, class... Arguments>
Scenario scenario(std::string name, std::string sentence = {}, std::vector<std::string> faults = {},
                  Arguments... arguments) {
    Scenario made;
    made.name = std::move(name);
    made.sentence = std::move(sentence);
    made.faults = std::move(faults);
    made.trial = [=](const Ground& ground) {
        auto trial = std::make_unique<T>(arguments...);
        trial->stand_on(ground);
        return trial;
    };
    return made;
}

}  // namespace sim::search
