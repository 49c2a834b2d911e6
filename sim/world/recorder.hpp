#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"

namespace sim {

// One draw of a run, as an enumerator of other runs needs to know it.
struct DrawPoint {
    LaneId lane{};
    std::uint64_t index = 0;  // of the lane
    std::uint64_t bound = 0;
    std::uint64_t value = 0;
    VirtualTime at{};  // of the task in which, or behind which, it was drawn
};

// Writes down every draw of a run, and digests the run so that runs which differ only in the order
// of independent tasks are recognised. Attached to a tape and its world before the run; a run
// without one pays nothing.
//
// A task's identity is the path of its creation. By induction a task does the same in two runs if
// its process ran the same tasks before it, at the same times, with the same draws, and saw the
// same versions of what others write too. So two runs in which that is true of every process are
// one run, whatever order the scheduler gave to tasks of different processes. That is true of
// processes that keep to themselves; of those that have not promised it, which may look across
// (what a program keeps outside of its world is no less shared), the order of tasks counts too, and
// of tasks that say observe().
class Recorder {
  public:
    // By the tape.
    void opened(LaneId lane, std::string_view name, const LaneKind& kind);
    void drew(LaneId lane, std::uint64_t index, std::uint64_t bound, std::uint64_t value);

    // By the world. created() gives a number to a task that is to run in that process. The order of
    // tasks of a process that only `relays` between others does not count.
    std::uint64_t created(std::uint32_t process);
    void begins(std::uint64_t task, std::uint32_t process, bool relays, VirtualTime now);
    void ran(FlowId flow);
    void ends();
    void observe() { observed_now_ = true; }
    // What the running task found that a crash had left, as a digest. It stands for the draws that
    // decided where the crash was and what survived it.
    void recovered(std::uint64_t digest);
    // The running task reads what others write too, in that version (of a disk, of its clock); how
    // often does not count.
    void saw(std::uint64_t version);
    // The running task so far, as a digest: a version of what it writes.
    std::uint64_t running_task() const { return task_digest_; }

    // By the world, where no task is ready and time goes on: what waits, in its order; then that it
    // was all.
    void waits(std::uint64_t task, VirtualTime until);
    void rests();

    // A moment at which no task was ready. The state is what every process did until then and what
    // waits, in its order. So two runs that rest in the same state go on as one, whatever is drawn
    // from then on.
    struct Rest {
        std::size_t draws;  // so far
        std::uint64_t state;
    };
    // Those behind which something was drawn since the one before.
    const std::vector<Rest>& rests_seen() const { return rests_; }

    const std::vector<DrawPoint>& draws() const { return draws_; }
    const std::string& lane_name(LaneId lane) const { return lanes_[number_of(lane)].name; }
    const LaneKind& lane_kind(LaneId lane) const { return lanes_[number_of(lane)].kind; }
    std::size_t lane_count() const { return lanes_.size(); }

    // How many tasks each flow had, by flow.
    const std::vector<std::uint32_t>& flows() const { return flows_; }

    // Equal for runs that are the same but for the order of independent tasks.
    std::uint64_t equivalence() const;

  private:
    struct LaneNote {
        std::string name;
        LaneKind kind;
        std::uint64_t name_hash = 0;
        bool shows = false;  // what its draws decide shows in tasks, times or what survived
    };

    static std::uint32_t number_of(LaneId lane) { return static_cast<std::uint32_t>(lane); }

    void task_digest_fold(std::uint64_t word);

    std::vector<LaneNote> lanes_;
    std::vector<DrawPoint> draws_;
    std::vector<std::uint64_t> identity_ = {0};  // of each task by number; number 0 is the set-up
    std::vector<std::uint32_t> flows_;
    std::map<std::uint32_t, std::uint64_t> history_;  // digest of each process
    std::uint64_t relayed_ = 0;
    std::uint64_t observed_ = 0;
    std::uint64_t running_ = 0;
    std::uint32_t running_process_ = 0;
    bool running_relays_ = true;
    bool observed_now_ = false;
    std::uint64_t task_digest_ = 0;
    std::uint64_t saw_now_ = 0;
    // Draws that do not count by themselves and have not shown yet: of each process, until it says
    // what it recovered.
    std::map<std::uint32_t, std::uint64_t> unshown_;
    std::uint64_t waiting_ = 0;
    std::vector<Rest> rests_;
    std::uint64_t children_ = 0;
    std::uint64_t steps_ = 0;
    VirtualTime now_{};
};

}  // namespace sim
