#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/run_queue.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"
#include "sim/world/trace.hpp"

namespace sim {

class Disk;
class World;

// Something that has not come to its end.
struct Waiting {
    std::string who;   // a process, or what it does
    std::string what;  // it waits for
    VirtualTime since{};
};

// The kind of fault by which a process dies.
inline constexpr std::string_view kCrash = "crash";

// A timer's place in the queue: equal times fire in the order in which they were set.
struct TimerId {
    VirtualTime at{};
    std::uint64_t sequence = 0;
    friend auto operator<=>(const TimerId&, const TimerId&) = default;
};

// What runs in a process between boot and crash. It is destroyed after the last of its pending
// handlers, with disk and network already cut.
class Program {
  public:
    virtual ~Program() = default;
};

// A node of the simulated world: tasks, timers and a disk that die and come back together.
class Process {
  public:
    enum class State : std::uint8_t {
        down,
        up,
        dying,   // crashed in the middle of a task: cut off, gone when the task returns
        paused,  // stopped in its tracks; whatever reaches it waits until it resumes
    };
    using Boot = std::function<std::unique_ptr<Program>(Process&)>;

    Process(World& world, std::uint32_t id, std::string name, std::string role);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    std::uint32_t id() const { return id_; }
    // A name of its own, and the role that names its links and lanes ("box" for every box).
    const std::string& name() const { return name_; }
    const std::string& role() const { return role_; }
    World& world() { return world_; }
    State state() const { return state_; }
    bool alive() const { return state_ == State::up || state_ == State::paused; }
    std::uint32_t incarnation() const { return incarnation_; }

    // What boot() runs. Set it once, before the first boot.
    void set_program(Boot boot) { boot_ = std::move(boot); }

    // The tape may crash it from now on, and after a crash it starts again by itself within a delay
    // drawn up to `longest`.
    void supervise(Duration longest);

    // The disk survives crashes. Made on first use.
    Disk& disk();
    // It is on the other's host from now on: its disk is that of the other, see Disk, and its clock
    // too. Before the first use of its own.
    void mount(Process& other);

    // Starts the program, as the first task of a new life, if the process is down. A program that
    // throws while it starts is a crash.
    void boot();

    // Cuts disk and network, then destroys every pending handler, the program, and what the disk
    // had not synced. Within a task of this process the destruction waits for the task's end.
    void crash(std::string_view why);

    // Like crash(), without a restart by itself.
    void stop(std::string_view why);

    void pause();
    void resume();

    // A place where the tape may decide that this process dies. True if it just did (or already
    // had): the caller must then behave as if nothing further reached the outside.
    bool crash_point(std::string_view where);

    // What its own clock says: the world's time, until that clock is set or runs wrong.
    VirtualTime local_time() const;
    // How long its host has been up, by its clock as if nobody had ever set that. A host goes down
    // with the last of its processes, and up with the first.
    VirtualTime steady_time() const;
    std::uint32_t host_starts() const { return host_->starts; }
    // Sets the host's clock by that much; timers that are set already are not moved.
    void jump_clock(Duration by);
    // Makes that clock, and the timers that are set from now on, gain that many millionths (lose,
    // if negative; more than -1,000,000).
    void drift_clock(std::int64_t millionths);
    // Right again, in time and rate.
    void correct_clock();
    // How long the world waits while this process's clock advances by that much.
    Duration world_duration(Duration local) const;

    // The order of its tasks among those of others does not matter: they only pass things on.
    void only_relays() {
        relays_ = true;
        keeps_to_itself();
    }
    // A promise: nothing that it does is seen by another process, or by whoever judges the run, and
    // it sees nothing of theirs, but through the network, the disks and the clocks of this world,
    // or in tasks that say World::observe(). Then runs that differ only in the order of its tasks
    // among those of others are one for who enumerates runs: see Recorder. Where the promise is
    // broken, such an enumeration may miss runs; without it, it only makes more of them.
    void keeps_to_itself() { observes_ = false; }

    // The executor of the present incarnation; work posted to an older one is dropped.
    boost::asio::any_io_executor executor();

    void post(Task task);
    // The same, as the continuation of that flow.
    void post(Task task, FlowId flow);
    // The flow of the task that runs now.
    FlowId current_flow() const;
    // Runs the task in this process at that time, or as soon as it is no longer paused.
    TimerId at(VirtualTime when, Task task);
    // What waits in this life of the process for something that is neither a time nor an answer of
    // the network: a lock, a queue that has room. The task is kept here, so that a crash destroys
    // it as it does all that is pending, and runs once when it is completed.
    std::uint64_t keep(std::string what, Task task);
    // Nothing, if it was completed already, or is of an earlier life.
    void complete(std::uint64_t kept);
    void cancel(TimerId timer);
    // Makes the timer's task ready now. Nothing, if it has fired.
    void expedite(TimerId timer);

    // Adds an event to the trace. Ignored while it is crashing.
    void emit(std::string_view type, std::span<const Field> fields);
    void emit(std::string_view type, std::initializer_list<Field> fields) {
        emit(type, std::span<const Field>(fields.begin(), fields.size()));
    }
    // The same of what happens to it, for the world's own parts.
    void emit_from_world(std::string_view type, std::initializer_list<Field> fields);

    Program* program() { return program_.get(); }

  private:
    friend class World;

    // What the processes of one host share.
    struct Host {
        int up = 0;                    // processes
        std::uint32_t starts = 0;      // so far
        VirtualTime started_at{0};     // by the steady clock of all its lives
        Duration clock_offset{0};      // local time at clock_since, less the world's
        Duration steady_offset{0};     // the same of a clock that nobody sets
        std::int64_t clock_drift = 0;  // millionths
        VirtualTime clock_since{0};    // when the drift began
    };

    // What the host's clock has gained since the drift began.
    Duration drifted() const;
    VirtualTime steady_reading() const;
    void emit(std::string_view type, std::span<const Field> fields, bool from_world);
    void start_program();
    void finish_crash();
    void destroy_pending();

    World& world_;
    std::uint32_t id_;
    std::string name_;
    std::string role_;
    State state_ = State::down;
    std::uint32_t incarnation_ = 0;
    Boot boot_;
    std::unique_ptr<Program> program_;
    std::unique_ptr<Disk> disk_;
    struct Kept {
        std::string what;
        VirtualTime since{};
        FlowId flow{};
        Task task;
    };
    std::map<std::uint64_t, Kept> kept_;
    std::uint64_t last_kept_ = 0;
    std::vector<ReadyTask> parked_;  // what reached it while it was paused
    Duration restart_within_{0};
    bool stopped_ = false;
    bool relays_ = false;
    bool observes_ = true;
    std::shared_ptr<Host> host_ = std::make_shared<Host>();
    mutable bool steady_seen_ = false;  // in this life
    std::string crash_reason_;
    LaneId crash_lane_{};  // both of a supervised process
    LaneId restart_lane_{};
};

}  // namespace sim
