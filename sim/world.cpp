#include "sim/world.hpp"

#include <utility>

#include "sim/network.hpp"
#include "sim/recorder.hpp"

namespace sim {

namespace {

std::string schedule_words(std::uint64_t value) {
    return value == 1 ? "lets the next in line go first"
                      : "lets number " + std::to_string(value + 1) + " in line go first";
}
constexpr std::uint64_t kScheduleWorth[] = {1, 2, 3, 4, 5, 6, 7};
constexpr LaneKind kSchedule = choice("schedule", schedule_words, kScheduleWorth);

}  // namespace

World::World(Tape& tape, Trace& trace, Recorder* recorder)
    : tape_(tape),
      trace_(trace),
      recorder_(recorder),
      schedule_lane_(tape.lane("schedule", kSchedule)) {
    tape_.record(recorder);
    tape_.listen(this);
    network_ = std::make_unique<Network>(*this);
    Process& self = add_process("world", "world");
    self.state_ = Process::State::up;
    self.only_relays();
}

World::~World() {
    tape_.listen(nullptr);
    tape_.record(nullptr);
    // Handlers refer to programs, disks and the network: they go first, newest process first.
    for (auto process = processes_.rbegin(); process != processes_.rend(); ++process) {
        if (!*process) continue;
        (*process)->destroy_pending();
        (*process)->program_.reset();
    }
}

Process& World::add_process(std::string name, std::string role) {
    const auto id = static_cast<std::uint32_t>(processes_.size());
    processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(role)));
    return *processes_.back();
}

void World::remove_process(Process& process) {
    process.stop("removed");
    network_->forget(process);
    processes_[process.id_].reset();
}

World::Ready World::begun(Process& process, Task task) {
    const bool goes_on = running_ != nullptr && !flow_goes_on_;
    const FlowId flow = goes_on ? running_flow_ : FlowId{++flows_};
    flow_goes_on_ = true;
    return {&process, std::move(task), flow,
            recorder_ == nullptr ? 0 : recorder_->created(process.id_)};
}

void World::enqueue(Ready ready) {
    if (ready.process->state_ == Process::State::paused) {
        ready.process->parked_.push_back(std::move(ready));
        return;
    }
    // A flow that was not interrupted keeps its place at the head of the line.
    if (running_ != nullptr && ready.flow == running_flow_) first_ = ready_.size();
    ready_flows_.push_back(ready.flow);
    ready_.push_back(std::move(ready));
}

void World::post(std::uint32_t process, std::uint32_t incarnation, Task task) {
    Process* owner = find_process(process);
    if (owner == nullptr || owner->incarnation_ != incarnation ||
        owner->state_ == Process::State::down) {
        return;
    }
    enqueue(begun(*owner, std::move(task)));
}

std::vector<World::Ready> World::withdraw(const Process& process) {
    std::vector<Ready> taken;
    for (std::size_t i = 0; i < ready_.size();) {
        if (ready_[i].process != &process) {
            ++i;
            continue;
        }
        taken.push_back(std::move(ready_[i]));
        const auto place = static_cast<std::ptrdiff_t>(i);
        ready_.erase(ready_.begin() + place);
        ready_flows_.erase(ready_flows_.begin() + place);
        first_ = 0;
    }
    return taken;
}

void World::wake_timers() {
    now_ = timers_.begin()->first.at;
    while (!timers_.empty() && timers_.begin()->first.at == now_) {
        auto timer = timers_.extract(timers_.begin());
        enqueue(std::move(timer.mapped()));
    }
}

World::Ready World::take_next() {
    const std::size_t chosen = tape_.draw_task(schedule_lane_, {ready_flows_, first_});
    const auto place = static_cast<std::ptrdiff_t>(chosen);
    Ready next = std::move(ready_[chosen]);
    ready_.erase(ready_.begin() + place);
    ready_flows_.erase(ready_flows_.begin() + place);
    first_ = 0;
    return next;
}

bool World::step(VirtualTime limit) {
    while (ready_.empty()) {
        if (timers_.empty() || timers_.begin()->first.at > limit) return false;
        wake_timers();
    }
    execute(take_next());
    return true;
}

void World::execute(Ready ready) {
    Process& process = *ready.process;
    ++steps_;
    running_ = &process;
    running_flow_ = ready.flow;
    flow_goes_on_ = false;
    if (recorder_ != nullptr) {
        recorder_->begins(ready.number, process.id_, process.relays_, now_);
        recorder_->ran(ready.flow);
        if (process.observes_) recorder_->observe();
    }
    try {
        ready.task();
    } catch (...) {
        running_ = nullptr;
        // What a dying process throws is its death rattle: its disk was cut under it.
        if (process.state_ != Process::State::dying) throw;
    }
    running_ = nullptr;
    if (process.state_ == Process::State::dying) {
        ready.task = nullptr;
        process.finish_crash();
    }
    if (recorder_ != nullptr) recorder_->ends();
}

void World::observe() {
    if (recorder_ != nullptr) recorder_->observe();
}

void World::recovered(const std::function<std::uint64_t()>& digest) {
    if (recorder_ != nullptr) recorder_->recovered(digest());
}

void World::on_deviation(std::string_view lane, const LaneKind& kind, std::uint64_t index,
                         std::uint64_t value) {
    Process& process = running_ == nullptr ? self() : *running_;
    const auto number = static_cast<std::int64_t>(value);
    if (kind.fault) {
        process.emit("fault", {{"kind", kind.name}, {"lane", lane}, {"value", number}});
    }
    if (!tape_.recording()) return;
    const std::string words = kind.words == nullptr ? std::string() : kind.words(value);
    const Field fields[] = {{"kind", kind.name},
                            {"lane", lane},
                            {"index", static_cast<std::int64_t>(index)},
                            {"value", number},
                            {"words", words}};
    trace_.note({now_, steps_, tape_.decisions(), process.name(), kDeviationEvent, fields});
}

std::vector<Waiting> World::waiting() const {
    return network_->waiting();
}

void World::run_until(VirtualTime limit) {
    halted_ = false;
    while (!halted_ && steps_ < step_limit_ && step(limit)) {
    }
    if (!halted_ && steps_ < step_limit_ && now_ < limit) now_ = limit;
}

}  // namespace sim
