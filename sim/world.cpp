#include "sim/world.hpp"

#include <utility>

#include "sim/network.hpp"

namespace sim {

World::World(Tape& tape, Trace& trace)
    : tape_(tape), trace_(trace), schedule_lane_(tape.lane("schedule", choice("schedule"))) {
    network_ = std::make_unique<Network>(*this);
    add_process("world", "world").state_ = Process::State::up;
}

World::~World() {
    // Handlers refer to programs, disks and the network: they go first, newest process first.
    for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
        (*process)->destroy_pending();
        (*process)->program_.reset();
    }
}

Process& World::add_process(std::string name, std::string role) {
    const auto id = static_cast<std::uint32_t>(processes_.size());
    processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(role)));
    return *processes_.back();
}

void World::enqueue(Process& process, Task task) {
    if (process.state_ == Process::State::paused) {
        process.parked_.push_back(std::move(task));
    } else {
        ready_.push_back({&process, std::move(task)});
    }
}

void World::post(std::uint32_t process, std::uint32_t incarnation, Task task) {
    Process& owner = *processes_[process];
    if (owner.incarnation_ != incarnation || owner.state_ == Process::State::down) return;
    enqueue(owner, std::move(task));
}

void World::wake_timers() {
    now_ = timers_.begin()->first.at;
    while (!timers_.empty() && timers_.begin()->first.at == now_) {
        auto timer = timers_.extract(timers_.begin());
        enqueue(*timer.mapped().process, std::move(timer.mapped().task));
    }
}

bool World::step(VirtualTime limit) {
    while (ready_.empty()) {
        if (timers_.empty() || timers_.begin()->first.at > limit) return false;
        wake_timers();
    }
    const auto chosen = static_cast<std::ptrdiff_t>(tape_.draw(schedule_lane_, ready_.size()));
    Process& process = *ready_[chosen].process;
    Task task = std::move(ready_[chosen].task);
    ready_.erase(ready_.begin() + chosen);
    ++steps_;
    running_ = &process;
    try {
        task();
    } catch (...) {
        running_ = nullptr;
        // What a dying process throws is its death rattle: its disk was cut under it.
        if (process.state_ != Process::State::dying) throw;
    }
    running_ = nullptr;
    if (process.state_ == Process::State::dying) {
        task = nullptr;
        process.finish_crash();
    }
    return true;
}

void World::run_until(VirtualTime limit) {
    halted_ = false;
    while (!halted_ && steps_ < step_limit_ && step(limit)) {
    }
    if (!halted_ && steps_ < step_limit_ && now_ < limit) now_ = limit;
}

}  // namespace sim
