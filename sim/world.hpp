#pragma once

#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/process.hpp"
#include "sim/tape.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace sim {

class Network;

// Everything inside one run: clock, run queue, timers, processes and network, all decided by one
// tape. Single-threaded and without globals, so any number of worlds may run in as many threads.
class World {
  public:
    // Tape and trace must outlive the world.
    World(Tape& tape, Trace& trace);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Tape& tape() { return tape_; }
    Trace& trace() { return trace_; }
    Network& network() { return *network_; }
    VirtualTime now() const { return now_; }
    // Tasks run so far.
    std::uint64_t steps() const { return steps_; }

    // A process that is down until booted. The reference stays valid for the world's life.
    Process& add_process(std::string name, std::string role);
    const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }

    // The pseudo-process of the world itself: always up, home of supervisors and fault drivers.
    Process& self() { return *processes_.front(); }

    // Runs one ready task, chosen by the tape, advancing the clock if none is ready. False, doing
    // nothing, if none is ready and no timer is set for `limit` or before.
    bool step(VirtualTime limit);

    // Runs until the clock would pass `limit`, then sets it to `limit`; or until halt().
    void run_until(VirtualTime limit);

    // Makes run_until() return after the task that runs now.
    void halt() { halted_ = true; }

    // After that many tasks in all, every run_until() returns at once.
    void limit_steps(std::uint64_t limit) { step_limit_ = limit; }

    boost::asio::execution_context& context() { return context_; }

  private:
    friend class Process;
    friend class Executor;

    struct Ready {
        Process* process;
        Task task;
    };

    void enqueue(Process& process, Task task);
    void post(std::uint32_t process, std::uint32_t incarnation, Task task);
    void wake_timers();

    Tape& tape_;
    Trace& trace_;
    VirtualTime now_{0};
    std::uint64_t steps_ = 0;
    std::uint64_t step_limit_ = ~std::uint64_t{0};
    std::uint64_t timer_sequence_ = 0;
    bool halted_ = false;
    Process* running_ = nullptr;
    std::vector<Ready> ready_;
    std::map<TimerId, Ready> timers_;
    LaneId schedule_lane_;
    boost::asio::execution_context context_;
    std::unique_ptr<Network> network_;
    std::vector<std::unique_ptr<Process>> processes_;
};

}  // namespace sim
