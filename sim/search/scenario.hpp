#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/coverage.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/world.hpp"

// What a program shows the engines of this folder so that they can search it: scenarios, each of
// which makes trials. They know nothing else of it.
namespace sim::search {

// What a trial is built on. All of it outlives the trial.
struct Ground {
    Tape& tape;
    Trace& trace;
    Recorder* recorder = nullptr;  // null if nobody records
    // False: kinds of faults may strike for which the scenario was not written.
    bool own_faults = true;
    // Says that a property is broken, by its name, and how. At any time from the making of the
    // trial to its judgement; what does not judge in this run is not heard.
    std::function<void(std::string_view property, std::string message)> broken;
};

// A stretch of a trial.
struct Phase {
    std::string name;  // "the script": for what is said of a run that does not get through it
    Duration at_most;
    std::function<void()> begin;
    // Without it the phase lasts all of its time; with it, a run whose time is over before is
    // broken. Asked when the world was halted, so whoever makes it true calls World::halt().
    std::function<bool()> finished = {};
    // Nothing is left that could happen: asked once a minute, it ends a phase before its time is
    // over. It decides nothing, so that a run which rests is the beginning of the one that does
    // not.
    std::function<bool()> at_rest = {};
    std::function<void()> end = {};  // once the phase was gone through
};

// One world that is put to the test, from its making to its end. Everything that happens in it is
// decided by the ground's tape, or nothing that is found can be replayed.
class Trial {
  public:
    virtual ~Trial() = default;
    virtual World& world() = 0;
    // In the order in which they are gone through.
    virtual std::vector<Phase> phases() = 0;
    // Once all were gone through: the last chance to say that something is broken.
    virtual void judge() {}
    // Who waits for what at this moment.
    virtual std::vector<Waiting> waiting() { return world().waiting(); }
    // What it answers to a question about its present state, in a language of its own; or why it
    // does not.
    virtual std::expected<std::string, std::string> ask(const std::string& /*question*/) {
        return std::unexpected("there is nothing here that can be asked");
    }
};

// A run that takes more tasks than this goes round in circles: a livelock.
inline constexpr std::uint64_t kStepLimit = 1'000'000;

// One way to put a system to the test. Its trials may be made in several threads at a time.
struct Scenario {
    std::string name;
    std::string sentence;  // what it shows
    // Kinds that may strike, such as "net.". Of each, the baseline run opens a lane, or searches
    // are incomplete.
    std::vector<std::string> faults;
    std::function<std::unique_ptr<Trial>(const Ground&)> trial;
    // What must happen in some run of an exploration, by name of the behaviour: see Coverage.
    std::vector<std::string> sometimes = {};
    std::uint64_t max_steps = kStepLimit;
    // What is done in it is drawn, or follows from a table: it was written for no race of its own.
    bool generated = false;
    // How the events of its runs are read.
    std::function<std::unique_ptr<Coverage>()> coverage = [] {
        return std::make_unique<Coverage>();
    };
};

// Null if there is none of that name.
const Scenario* find_scenario(std::span<const Scenario> scenarios, std::string_view name);

}  // namespace sim::search
