#include "sim/world/world.hpp"

#include <utility>

#include "sim/net/network.hpp"
#include "sim/world/recorder.hpp"

namespace sim {

namespace {

std::string schedule_words(std::uint64_t value) {
    return value == 1 ? "lets the next in line go first"
                      : "lets number " + std::to_string(value + 1) + " in line go first";
}
constexpr std::uint64_t kScheduleWorth[] = {1, 2, 3, 4, 5, 6, 7};
constexpr LaneKind kScheduleKind = choice(Effect::order, kSchedule, schedule_words, kScheduleWorth);

}  // namespace

World::World(Tape& tape, Trace& trace, Recorder* recorder, WorldMemory* memory)
    : tape_(tape),
      trace_(trace),
      recorder_(recorder),
      own_memory_(memory == nullptr ? std::make_unique<WorldMemory>() : nullptr),
      ready_(memory == nullptr ? own_memory_->ready : memory->ready),
      schedule_lane_(tape.lane(kSchedule, kScheduleKind)),
      processes_(memory == nullptr ? own_memory_->processes : memory->processes) {
    tape_.record(recorder);
    tape_.listen(this);
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
    ready_.clear();
    processes_.clear();
}

Process& World::add_process(std::string name, std::string role) {
    const auto id = static_cast<std::uint32_t>(processes_.size());
    processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(role)));
    return *processes_.back();
}

std::vector<Process*> World::processes() const {
    std::vector<Process*> all;
    for (const auto& process : processes_) {
        if (process && process != processes_.front()) all.push_back(process.get());
    }
    return all;
}

void World::remove_process(Process& process) {
    process.stop("removed");
    if (network_) network_->forget(process);
    processes_[process.id_].reset();
}

ReadyTask World::begun(Process& process, Task task) {
    return {&process, std::move(task), next_flow(),
            recorder_ == nullptr ? 0 : recorder_->created(process.id_)};
}

void World::begin(Process& process, Task&& task, FlowId flow) {
    const std::uint64_t number = recorder_ == nullptr ? 0 : recorder_->created(process.id_);
    if (process.state_ == Process::State::paused) {
        process.parked_.push_back({&process, std::move(task), flow, number});
        return;
    }
    ReadyTask& kept = join(flow);
    kept.process = &process;
    kept.task = std::move(task);
    kept.flow = flow;
    kept.number = number;
}

void World::enqueue(ReadyTask&& ready) {
    if (ready.process->state_ == Process::State::paused) {
        ready.process->parked_.push_back(std::move(ready));
        return;
    }
    join(ready.flow) = std::move(ready);
}

void World::post(std::uint32_t process, std::uint32_t incarnation, Task task) {
    Process* owner = find_process(process);
    if (owner == nullptr || owner->incarnation_ != incarnation ||
        owner->state_ == Process::State::down) {
        return;
    }
    begin(*owner, std::move(task), next_flow());
}

std::vector<ReadyTask> World::withdraw(const Process& process) {
    std::vector<ReadyTask> taken;
    for (std::size_t place = 0; place < ready_.size();) {
        if (ready_.at(place).process == &process) {
            ReadyTask& left = ready_.leave(place);
            taken.push_back(std::move(left));
            ready_.release(left);
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

void World::rests() {
    for (const auto& [id, timer] : timers_) recorder_->waits(timer.number, id.at);
    for (const auto& process : processes_) {
        if (!process) continue;
        for (const ReadyTask& parked : process->parked_) {
            recorder_->waits(parked.number, VirtualTime{});
        }
    }
    recorder_->rests();
}

bool World::step(VirtualTime limit) {
    while (ready_.empty()) {
        if (timers_.empty() || timers_.begin()->first.at > limit) return false;
        if (recorder_ != nullptr) rests();
        wake_timers();
    }
    execute(ready_.leave(tape_.draw_task(schedule_lane_, ready_.choice())));
    return true;
}

void World::execute(ReadyTask& ready) {
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
        if (process.state_ != Process::State::dying) {
            ready_.release(ready);
            throw;
        }
    }
    running_ = nullptr;
    if (process.state_ == Process::State::dying) {
        ready.task = nullptr;
        process.finish_crash();
    }
    if (recorder_ != nullptr) recorder_->ends();
    ready_.release(ready);
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
        process.emit(kFaultEvent, {{"kind", kind.name}, {"lane", lane}, {"value", number}});
    }
    if (!tape_.recording()) return;
    std::string words = kind.words == nullptr ? std::string() : kind.words(value);
    if (kind.effect == Effect::order) {
        const std::size_t place = ready_.choice().place_of(value);
        words += ": a task of " + ready_.at(place).process->name() + " before one of " +
                 ready_.at(ready_.choice().first).process->name();
    }
    const Field fields[] = {{"kind", kind.name},
                            {"lane", lane},
                            {"index", static_cast<std::int64_t>(index)},
                            {"value", number},
                            {"words", words}};
    trace_.note({now_, steps_, tape_.decisions(), process.name(), kDeviationEvent, fields});
}

std::vector<Waiting> World::waiting() const {
    std::vector<Waiting> all = network_ ? network_->waiting() : std::vector<Waiting>();
    for (const Process* process : processes()) {
        for (const auto& [number, kept] : process->kept_) {
            all.push_back({process->name(), kept.what, kept.since});
        }
    }
    return all;
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
