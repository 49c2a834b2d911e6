#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/search/strategy.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/world.hpp"

// The smallest race there is: two clients of a counter, each taking a number of steps, of which two
// in the middle read the counter and write it back. Beside the lost update it shows two orders that
// are harder, or easier, to meet. Literature on schedulers measures with it.
namespace tests {

struct RaceOutcome {
    bool ordered = false;     // depth 1: the second ran wholly before the first
    bool lost = false;        // depth 2: an update was lost
    bool alternated = false;  // depth 3: 3 steps of one, 3 of the other, then the rest of each
    std::uint64_t steps = 0;
};

class LostUpdate {
  public:
    explicit LostUpdate(int steps) : steps_(steps) {}

    RaceOutcome run(std::unique_ptr<sim::Source> source, sim::Recorder* recorder = nullptr) {
        if (tape_) {
            tape_->rewind(std::move(source));
        } else {
            tape_.emplace(std::move(source));
        }
        sim::Trace trace;
        sim::World world(*tape_, trace, recorder, &memory_);
        sim::Process& process = world.add_process("counter", "counter");
        process.boot();
        Client a{this, &process, 0, 0, 'a'};
        Client b{this, &process, 0, 0, 'b'};
        counter_ = 0;
        order_.clear();
        a.next();
        b.next();
        world.run_until(world.now());
        RaceOutcome outcome;
        outcome.lost = counter_ != 2;
        outcome.steps = order_.size();
        const auto steps = static_cast<std::size_t>(steps_);
        outcome.ordered = order_.find('a') == steps;
        outcome.alternated = order_.starts_with("aaabbbaaa") && order_.find('b', 6) == steps + 3;
        return outcome;
    }

  private:
    struct Client {
        LostUpdate* race;
        sim::Process* process;
        int done;
        int read;
        char name;

        void next() {
            process->post([this] { step(); });
        }
        void step() {
            race->order_.push_back(name);
            if (done == race->steps_ / 2) read = race->counter_;
            if (done == race->steps_ / 2 + 1) race->counter_ = read + 1;
            if (++done < race->steps_) next();
        }
    };

    int steps_;
    std::optional<sim::Tape> tape_;
    sim::WorldMemory memory_;
    int counter_ = 0;
    std::string order_;
};

}  // namespace tests
