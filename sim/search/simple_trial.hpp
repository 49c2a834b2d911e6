#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/search/scenario.hpp"

namespace sim::search {

// What is put to the test where one phase is enough: whoever derives from it begins something, and
// says on the way, or at the end, what is broken. The run lasts until nothing is left to do, or
// `max_time` of virtual time is over. Its constructor has no world yet.
class SimpleTrial {
  public:
    virtual ~SimpleTrial() = default;

  protected:
    virtual void begin() = 0;
    virtual void judge() {}
    virtual Duration max_time() const { return std::chrono::hours(1); }

    Tape& tape() { return ground().tape; }
    World& world() {
        ground();
        return *world_;
    }
    // Another process, up, and of a role of its own.
    Process& add_process(const std::string& name) {
        Process& process = world().add_process(name, name);
        process.boot();
        return process;
    }
    // The same of one that runs a program, and that may crash: it starts again within that time.
    Process& add_program(const std::string& name, Process::Boot program, Duration down_for) {
        Process& process = world().add_process(name, name);
        process.set_program(std::move(program));
        process.supervise(down_for);
        process.boot();
        return process;
    }
    // Unless it holds, that property is broken.
    void expect(bool held, std::string_view property, std::string message = {}) const {
        if (!held) ground().broken(property, std::move(message));
    }

  private:
    template <class T>
    friend class TrialOf;

    const Ground& ground() const {
        if (ground_ == nullptr) throw std::logic_error("a constructor has no world: use begin()");
        return *ground_;
    }

    const Ground* ground_ = nullptr;
    World* world_ = nullptr;
};

// One of a class that derives from SimpleTrial, in a world of its own.
template <class T>
class TrialOf final : public Trial {
  public:
    template <class... Arguments>
    explicit TrialOf(const Ground& ground, Arguments... arguments)
        : ground_(ground),
          tested_(std::move(arguments)...),
          world_(ground.tape, ground.trace, ground.recorder) {
        tested().ground_ = &ground_;
        tested().world_ = &world_;
    }
    World& world() override { return world_; }
    std::vector<Phase> phases() override {
        return {{"the run", tested().max_time(), [this] { tested().begin(); }}};
    }
    void judge() override { tested().judge(); }

  private:
    SimpleTrial& tested() { return tested_; }

    Ground ground_;
    T tested_;
    World world_;  // ends first: its programs and coroutines may hold on to what is tested
};

// A scenario of such trials, each made of these arguments.
template <class T, class... Arguments>
Scenario scenario(std::string name, std::string sentence = {}, std::vector<std::string> faults = {},
                  Arguments... arguments) {
    Scenario made;
    made.name = std::move(name);
    made.sentence = std::move(sentence);
    made.faults = std::move(faults);
    made.trial = [=](const Ground& ground) {
        return std::make_unique<TrialOf<T>>(ground, arguments...);
    };
    return made;
}

}  // namespace sim::search
