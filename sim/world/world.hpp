#pragma once

#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/world/process.hpp"
#include "sim/world/run_queue.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"
#include "sim/world/trace.hpp"

namespace sim {

// The kind of the choice which of the tasks that are ready goes on.
inline constexpr std::string_view kSchedule = "schedule";

class Network;
class Recorder;

// Room that worlds made one after the other hand on, so that a search that makes hundreds of
// thousands of small ones in a second does not ask for it each time. Holds nothing of any of them.
struct WorldMemory {
    RunQueue ready;
    std::vector<std::unique_ptr<Process>> processes;
};

// Everything inside one run: clock, run queue, timers, processes and network, all decided by one
// tape. Single-threaded and without globals, so any number of worlds may run in as many threads.
class World final : private DeviationListener {
  public:
    // Tape, trace, recorder and memory must outlive the world; memory serves one world at a time.
    World(Tape& tape, Trace& trace, Recorder* recorder = nullptr, WorldMemory* memory = nullptr);
    ~World() override;
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Tape& tape() { return tape_; }
    Trace& trace() { return trace_; }
    // Made on first use, as is whatever else many worlds do without.
    Network& network();
    VirtualTime now() const { return now_; }
    // Tasks run so far.
    std::uint64_t steps() const { return steps_; }

    // A process that is down until booted. The reference stays valid until it is removed. Processes
    // of one role share the lanes of that role.
    Process& add_process(std::string name, std::string role);
    // Stops the process and forgets it, disk and all. Not from within one of its own tasks.
    void remove_process(Process& process);
    // All that were added and not removed, the oldest first.
    std::vector<Process*> processes() const;
    // Null if it was removed.
    Process* find_process(std::uint32_t id) { return processes_[id].get(); }

    // The pseudo-process of the world itself: always up, home of supervisors and fault drivers. It
    // keeps to itself, see there: what looks at processes from here says observe().
    Process& self() { return *processes_.front(); }

    // Runs one ready task, chosen by the tape, advancing the clock if none is ready. False, doing
    // nothing, if none is ready and no timer is set for `limit` or before.
    bool step(VirtualTime limit);

    // Runs until the clock would pass `limit`, then sets it to `limit`; or until halt().
    void run_until(VirtualTime limit);

    // Makes run_until() return after the task that runs now.
    void halt() { halted_ = true; }
    // Since the last run_until() began, or since go_on().
    bool halted() const { return halted_; }
    void go_on() { halted_ = false; }

    // After that many tasks in all, every run_until() returns at once.
    void limit_steps(std::uint64_t limit) { step_limit_ = limit; }

    // For what looks across processes in the task that runs now: see Recorder.
    void observe();
    // For a program that starts: what it finds of the life before; asked for only if a recorder
    // listens.
    void recovered(const std::function<std::uint64_t()>& digest);
    // Null if nobody records this run.
    Recorder* recorder() { return recorder_; }

    // Who waits for what at this moment: calls that are under way, then what each process keeps,
    // the oldest first.
    std::vector<Waiting> waiting() const;

    boost::asio::execution_context& context();

  private:
    friend class Process;
    friend class Executor;

    // A task that the running one begins: the first goes on with its flow, any other is a new one.
    ReadyTask begun(Process& process, Task task);
    void enqueue(ReadyTask&& ready);
    // The same for a task that is ready at once.
    void begin(Process& process, Task&& task, FlowId flow);
    ReadyTask& join(FlowId flow) {
        // A flow that was not interrupted keeps its place at the head of the line.
        return ready_.join(flow, running_ != nullptr && flow == running_flow_);
    }
    FlowId next_flow() {
        const bool goes_on = running_ != nullptr && !flow_goes_on_;
        flow_goes_on_ = true;
        return goes_on ? running_flow_ : FlowId{++flows_};
    }
    void post(std::uint32_t process, std::uint32_t incarnation, Task task);
    void wake_timers();
    // Tells the recorder what waits.
    void rests();
    // Takes the ready tasks of a process out of the queue.
    std::vector<ReadyTask> withdraw(const Process& process);
    void execute(ReadyTask& ready);
    void on_deviation(std::string_view lane, const LaneKind& kind, std::uint64_t index,
                      std::uint64_t value) override;

    Tape& tape_;
    Trace& trace_;
    VirtualTime now_{0};
    std::uint64_t steps_ = 0;
    std::uint64_t step_limit_ = ~std::uint64_t{0};
    std::uint64_t timer_sequence_ = 0;
    bool halted_ = false;
    Recorder* recorder_;
    Process* running_ = nullptr;
    FlowId running_flow_{};
    bool flow_goes_on_ = false;  // whether the running task's flow has a next task already
    std::uint32_t flows_ = 0;
    std::unique_ptr<WorldMemory> own_memory_;  // of a world that was given none
    RunQueue& ready_;
    std::map<TimerId, ReadyTask> timers_;
    LaneId schedule_lane_;
    std::optional<boost::asio::execution_context> context_;
    std::unique_ptr<Network> network_;
    std::vector<std::unique_ptr<Process>>& processes_;  // by id; null where one was removed
};

}  // namespace sim
