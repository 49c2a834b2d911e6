#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "sim/world/tape.hpp"

namespace sim {

class Process;

using Task = std::move_only_function<void()>;

// A task that waits for its turn.
struct ReadyTask {
    Process* process = nullptr;
    Task task;
    FlowId flow{};
    std::uint64_t number = 0;  // for a recorder
};

// The line of ready tasks. A task stays where it was put from the moment it joins until its place
// is given back, so it can run without being moved; places are used again.
class RunQueue {
  public:
    bool empty() const { return line_.empty(); }
    std::size_t size() const { return line_.size(); }
    ReadyTask& at(std::size_t place) { return *line_[place]; }

    TaskChoice choice() const { return {flows_, first_}; }

    // A place at the end of the line, to be filled at once. A flow that goes on runs next unless
    // the tape decides otherwise.
    ReadyTask& join(FlowId flow, bool goes_on) {
        if (goes_on) first_ = line_.size();
        flows_.push_back(flow);
        ReadyTask* kept = nullptr;
        if (free_.empty()) {
            kept = &kept_.emplace_back();
        } else {
            kept = free_.back();
            free_.pop_back();
        }
        line_.push_back(kept);
        return *kept;
    }

    // Takes one out of the line; to be given back with release() when its task is done.
    ReadyTask& leave(std::size_t place) {
        ReadyTask& left = *line_[place];
        // Over the whole line, which is mostly short: which place it is cannot be foreseen, and a
        // processor pays more for a wrong guess than for some copies.
        const std::size_t last = line_.size() - 1;
        for (std::size_t at = last > kShort ? place : 0; at < last; ++at) {
            const std::size_t from = at + (at >= place ? 1 : 0);
            line_[at] = line_[from];
            flows_[at] = flows_[from];
        }
        line_.pop_back();
        flows_.pop_back();
        first_ = 0;
        return left;
    }

    void release(ReadyTask& left) {
        left.task = nullptr;
        free_.push_back(&left);
    }

    void clear() {
        while (!line_.empty()) release(leave(line_.size() - 1));
    }

  private:
    static constexpr std::size_t kShort = 8;

    std::vector<ReadyTask*> line_;
    std::vector<FlowId> flows_;  // of the line
    std::size_t first_ = 0;      // what runs next by default
    std::deque<ReadyTask> kept_;
    std::vector<ReadyTask*> free_;
};

}  // namespace sim
