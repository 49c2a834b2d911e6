#include "sim/world/process.hpp"

#include <utility>

#include "sim/disk/disk.hpp"
#include "sim/net/network.hpp"
#include "sim/world/executor.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/world.hpp"

namespace sim {
namespace {

constexpr std::uint64_t kRestartSteps = 1000;

std::string crash_words(std::uint64_t) {
    return "crashes";
}
std::string restart_words(std::uint64_t value) {
    return "starts again after " + std::to_string(value) + "/1000 of the longest delay";
}

constexpr LaneKind kCrashKind = fault(Effect::crash, kCrash, 1, 500, crash_words);
constexpr std::uint64_t kRestartWorth[] = {kRestartSteps - 1};
constexpr LaneKind kRestart = choice("restart", restart_words, kRestartWorth);

}  // namespace

Process::Process(World& world, std::uint32_t id, std::string name, std::string role)
    : world_(world), id_(id), name_(std::move(name)), role_(std::move(role)) {}

void Process::supervise(Duration longest) {
    restart_within_ = longest;
    crash_lane_ = world_.tape().lane("crash " + role_, kCrashKind);
    restart_lane_ = world_.tape().lane("restart " + role_, kRestart);
}

Process::~Process() = default;

Disk& Process::disk() {
    if (!disk_) disk_ = std::make_unique<Disk>(*this);
    return *disk_;
}

void Process::mount(Process& other) {
    disk_ = std::make_unique<Disk>(*this, other.disk());
    host_ = other.host_;
}

void Process::boot() {
    if (state_ != State::down) return;
    stopped_ = false;
    state_ = State::up;
    steady_seen_ = false;
    if (host_->up++ == 0) {
        ++host_->starts;
        host_->started_at = steady_reading();
    }
    emit_from_world("process.boot", {{"incarnation", std::int64_t{incarnation_}}});
    if (disk_) disk_->reconnect();
    if (boot_) post([this] { start_program(); });
}

void Process::start_program() {
    try {
        program_ = boot_(*this);
    } catch (const std::exception& failure) {
        crash(failure.what());  // unless it is dying already
    }
}

void Process::crash(std::string_view why) {
    if (state_ == State::down || state_ == State::dying) return;
    emit_from_world("process.crash", {{"why", why}});
    crash_reason_ = why;
    state_ = State::dying;
    if (disk_) disk_->cut();
    if (world_.network_) world_.network_->cut(*this);
    if (world_.running_ != this) finish_crash();
}

void Process::stop(std::string_view why) {
    stopped_ = true;
    crash(why);
}

void Process::destroy_pending() {
    // Destroying a handler may post another, so go on until nothing is left.
    for (;;) {
        std::vector<Task> doomed;
        for (ReadyTask& parked : std::exchange(parked_, {})) {
            doomed.push_back(std::move(parked.task));
        }
        for (ReadyTask& ready : world_.withdraw(*this)) doomed.push_back(std::move(ready.task));
        for (auto timer = world_.timers_.begin(); timer != world_.timers_.end();) {
            if (timer->second.process == this) {
                doomed.push_back(std::move(timer->second.task));
                timer = world_.timers_.erase(timer);
            } else {
                ++timer;
            }
        }
        for (auto& [number, kept] : std::exchange(kept_, {})) {
            doomed.push_back(std::move(kept.task));
        }
        if (world_.network_) {
            for (Task& task : world_.network_->take_pending(*this)) {
                doomed.push_back(std::move(task));
            }
        }
        if (doomed.empty()) return;
        while (!doomed.empty()) {
            const Task task = std::move(doomed.back());
            doomed.pop_back();
        }
    }
}

void Process::finish_crash() {
    destroy_pending();
    program_.reset();
    if (disk_) disk_->lose_unsynced();
    ++incarnation_;
    state_ = State::down;
    --host_->up;
    if (stopped_ || restart_within_.count() == 0) return;
    // The default is the quickest restart; a slow one is up to a thousand steps of the longest.
    const auto step = static_cast<std::int64_t>(world_.tape().draw(restart_lane_, kRestartSteps));
    const Duration delay =
        std::chrono::milliseconds(200) + restart_within_ * step / std::int64_t{kRestartSteps};
    Process& supervisor = world_.self();
    supervisor.at(world_.now() + delay, [&world = world_, id = id_] {
        Process* process = world.find_process(id);
        if (process != nullptr && !process->stopped_) process->boot();
    });
}

void Process::pause() {
    if (state_ != State::up) return;
    emit_from_world("process.pause", {});
    state_ = State::paused;
    for (ReadyTask& ready : world_.withdraw(*this)) parked_.push_back(std::move(ready));
}

void Process::resume() {
    if (state_ != State::paused) return;
    state_ = State::up;
    emit_from_world("process.resume", {{"waiting", static_cast<std::int64_t>(parked_.size())}});
    for (ReadyTask& parked : std::exchange(parked_, {})) world_.enqueue(std::move(parked));
}

bool Process::crash_point(std::string_view where) {
    if (state_ == State::dying || state_ == State::down) return true;
    if (restart_within_.count() == 0 || !world_.tape().chance(crash_lane_)) return false;
    crash(where);
    return true;
}

boost::asio::any_io_executor Process::executor() {
    return Executor(world_, id_, incarnation_);
}

void Process::post(Task task) {
    if (state_ == State::down) return;
    world_.begin(*this, std::move(task), world_.next_flow());
}

void Process::post(Task task, FlowId flow) {
    if (state_ == State::down) return;
    world_.begin(*this, std::move(task), flow);
}

FlowId Process::current_flow() const {
    return world_.running_flow_;
}

Duration Process::drifted() const {
    return (world_.now() - host_->clock_since) * host_->clock_drift / 1'000'000;
}

VirtualTime Process::steady_reading() const {
    return world_.now() + host_->steady_offset + drifted();
}

VirtualTime Process::local_time() const {
    const VirtualTime now = world_.now();
    const VirtualTime told = now + host_->clock_offset + drifted();
    // A clock is set from outside of the process.
    Recorder* recorder = world_.recorder();
    if (told != now && recorder != nullptr) {
        recorder->saw(static_cast<std::uint64_t>(told.count()));
    }
    return told;
}

VirtualTime Process::steady_time() const {
    const VirtualTime reading = steady_reading();
    const VirtualTime told = reading - host_->started_at;
    // When its host started is known to a life of a process once it has looked.
    const bool news = reading != world_.now() || !steady_seen_;
    Recorder* recorder = world_.recorder();
    if (news && recorder != nullptr) recorder->saw(static_cast<std::uint64_t>(told.count()));
    steady_seen_ = true;
    return told;
}

void Process::jump_clock(Duration by) {
    host_->clock_offset += by;
    emit("clock.jump", {{"by_ms", std::int64_t{by.count() / 1000}}});
}

void Process::drift_clock(std::int64_t millionths) {
    host_->clock_offset += drifted();
    host_->steady_offset += drifted();
    host_->clock_since = world_.now();
    host_->clock_drift = millionths;
    emit("clock.drift", {{"millionths", millionths}});
}

void Process::correct_clock() {
    if (host_->clock_offset.count() == 0 && host_->clock_drift == 0) return;
    host_->steady_offset += drifted();
    host_->clock_offset = Duration{0};
    host_->clock_drift = 0;
    emit("clock.correct", {});
}

Duration Process::world_duration(Duration local) const {
    if (host_->clock_drift == 0) return local;
    // Rounded up: a timer never fires before its own clock says that it is time.
    const std::int64_t pace = 1'000'000 + host_->clock_drift;
    return Duration((local.count() * 1'000'000 + pace - 1) / pace);
}

TimerId Process::at(VirtualTime when, Task task) {
    const TimerId timer{std::max(when, world_.now()), ++world_.timer_sequence_};
    world_.timers_.emplace(timer, world_.begun(*this, std::move(task)));
    return timer;
}

std::uint64_t Process::keep(std::string what, Task task) {
    kept_.emplace(++last_kept_,
                  Kept{std::move(what), world_.now(), current_flow(), std::move(task)});
    return last_kept_;
}

void Process::complete(std::uint64_t kept) {
    auto node = kept_.extract(kept);
    if (node) post(std::move(node.mapped().task), node.mapped().flow);
}

void Process::cancel(TimerId timer) {
    // Taken out first: the task's destructor may come back here.
    const auto node = world_.timers_.extract(timer);
}

void Process::expedite(TimerId timer) {
    auto node = world_.timers_.extract(timer);
    if (node) world_.enqueue(std::move(node.mapped()));
}

void Process::emit(std::string_view type, std::span<const Field> fields) {
    emit(type, fields, false);
}

void Process::emit_from_world(std::string_view type, std::initializer_list<Field> fields) {
    emit(type, std::span<const Field>(fields.begin(), fields.size()), true);
}

void Process::emit(std::string_view type, std::span<const Field> fields, bool from_world) {
    if (state_ == State::dying) return;
    world_.trace().emit(
        {world_.now(), world_.steps(), world_.tape().decisions(), name_, type, fields, from_world});
}

}  // namespace sim
