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

World::World(Tape& tape, Trace& trace, Recorder* recorder, WorldMemory* memory)
    : tape_(tape),
      trace_(trace),
      recorder_(recorder),
      memory_(memory),
      schedule_lane_(tape.lane("schedule", kSchedule)) {
    tape_.record(recorder);
    tape_.listen(this);
    swap_memory();
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
    kept_.clear();
    line_.clear();
    line_flows_.clear();
    free_.clear();
    processes_.clear();
    swap_memory();
}

void World::swap_memory() {
    if (memory_ == nullptr) return;
    kept_.swap(memory_->kept);
    line_.swap(memory_->line);
    line_flows_.swap(memory_->line_flows);
    free_.swap(memory_->free);
    processes_.swap(memory_->processes);
}

Process& World::add_process(std::string name, std::string role) {
    const auto id = static_cast<std::uint32_t>(processes_.size());
    processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(role)));
    return *processes_.back();
}

void World::remove_process(Process& process) {
    process.stop("removed");
    if (network_) network_->forget(process);
    processes_[process.id_].reset();
}

FlowId World::next_flow() {
    const bool goes_on = running_ != nullptr && !flow_goes_on_;
    flow_goes_on_ = true;
    return goes_on ? running_flow_ : FlowId{++flows_};
}

World::Ready World::begun(Process& process, Task task) {
    return {&process, std::move(task), next_flow(),
            recorder_ == nullptr ? 0 : recorder_->created(process.id_)};
}

void World::begin(Process& process, Task&& task, FlowId flow) {
    const std::uint64_t number = recorder_ == nullptr ? 0 : recorder_->created(process.id_);
    if (process.state_ == Process::State::paused) {
        process.parked_.push_back({&process, std::move(task), flow, number});
        return;
    }
    Ready& kept = join(flow);
    kept.process = &process;
    kept.task = std::move(task);
    kept.flow = flow;
    kept.number = number;
}

void World::enqueue(Ready&& ready) {
    if (ready.process->state_ == Process::State::paused) {
        ready.process->parked_.push_back(std::move(ready));
        return;
    }
    join(ready.flow) = std::move(ready);
}

World::Ready& World::join(FlowId flow) {
    // A flow that was not interrupted keeps its place at the head of the line.
    if (running_ != nullptr && flow == running_flow_) first_ = line_.size();
    line_flows_.push_back(flow);
    if (free_.empty()) {
        line_.push_back(static_cast<std::uint32_t>(kept_.size()));
        return kept_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    line_.push_back(slot);
    return kept_[slot];
}

World::Ready World::leave(std::size_t place) {
    const std::uint32_t slot = line_[place];
    line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(place));
    line_flows_.erase(line_flows_.begin() + static_cast<std::ptrdiff_t>(place));
    first_ = 0;
    free_.push_back(slot);
    return std::move(kept_[slot]);
}

void World::post(std::uint32_t process, std::uint32_t incarnation, Task task) {
    Process* owner = find_process(process);
    if (owner == nullptr || owner->incarnation_ != incarnation ||
        owner->state_ == Process::State::down) {
        return;
    }
    begin(*owner, std::move(task), next_flow());
}

std::vector<World::Ready> World::withdraw(const Process& process) {
    std::vector<Ready> taken;
    for (std::size_t place = 0; place < line_.size();) {
        if (kept_[line_[place]].process == &process) {
            taken.push_back(leave(place));
        } else {
            ++place;
        }
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

bool World::step(VirtualTime limit) {
    while (line_.empty()) {
        if (timers_.empty() || timers_.begin()->first.at > limit) return false;
        wake_timers();
    }
    execute(leave(tape_.draw_task(schedule_lane_, {line_flows_, first_})));
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
    std::string words = kind.words == nullptr ? std::string() : kind.words(value);
    if (kind.name == kSchedule.name) {
        const std::size_t place = TaskChoice{line_flows_, first_}.place_of(value);
        words += ": a task of " + kept_[line_[place]].process->name() + " before one of " +
                 kept_[line_[first_]].process->name();
    }
    const Field fields[] = {{"kind", kind.name},
                            {"lane", lane},
                            {"index", static_cast<std::int64_t>(index)},
                            {"value", number},
                            {"words", words}};
    trace_.note({now_, steps_, tape_.decisions(), process.name(), kDeviationEvent, fields});
}

std::vector<Waiting> World::waiting() const {
    return network_ ? network_->waiting() : std::vector<Waiting>();
}

Network& World::network() {
    if (!network_) network_ = std::make_unique<Network>(*this);
    return *network_;
}

boost::asio::execution_context& World::context() {
    if (!context_) context_.emplace();
    return *context_;
}

void World::run_until(VirtualTime limit) {
    halted_ = false;
    while (!halted_ && steps_ < step_limit_ && step(limit)) {
    }
    if (!halted_ && steps_ < step_limit_ && now_ < limit) now_ = limit;
}

}  // namespace sim
