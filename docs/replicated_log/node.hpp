#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/net/awaitable.hpp"

// A replicated log for three nodes: one is elected for a term, takes what clients say, and has the
// others copy its log; what a majority has is committed. After the paper "In Search of an
// Understandable Consensus Algorithm", with the whole log in each message.
namespace replicated_log {

struct Entry {
    std::int64_t term = 0;
    std::string value;
    friend bool operator==(const Entry&, const Entry&) = default;
};

// What a node has on its disk, and finds there after a crash.
struct Kept {
    std::int64_t term = 0;
    std::string voted_for;  // in that term
    std::vector<Entry> log;
};

// What the outside sees of a node.
struct Observer {
    std::function<void(const std::string& node, std::int64_t term)> leads;
    std::function<void(std::size_t place, const Entry& entry)> committed;
};

// Messages, and what answers all of them.
struct Vote {
    std::int64_t term;
    std::string candidate;
    std::int64_t last_term;
    std::size_t length;
};
struct Append {
    std::int64_t term;
    std::vector<Entry> log;
};
struct Propose {
    std::string value;
};
struct Reply {
    std::int64_t term;
    bool granted;
};

// One life of a node.
class Node final : public sim::Program {
  public:
    // Peers are the addresses of the others. `patience` is how long it waits for a leader at least.
    Node(sim::Process& self, Kept& kept, std::vector<std::string> peers, sim::Duration patience,
         const Observer& observer);

  private:
    sim::Coroutine live();
    sim::Coroutine ask(std::string peer, Vote vote);
    sim::Coroutine lead();
    sim::Coroutine copy(std::string peer, Append append);
    void stand();
    void meet(std::int64_t term);
    void commit();
    void keep(std::string_view what);
    std::size_t majority() const { return (peers_.size() + 1) / 2 + 1; }

    Reply on(const Vote& vote);
    Reply on(const Append& append);
    Reply on(const Propose& propose);

    sim::Process& self_;
    Kept& kept_;
    std::vector<std::string> peers_;
    sim::Duration patience_;
    const Observer& observer_;
    sim::LaneId hesitation_;
    std::string voted_for_;
    bool heard_ = false;  // of a leader, or of a candidate that got this vote
    bool leads_ = false;
    std::size_t votes_ = 0;
    std::map<std::string, std::size_t> copied_;  // how much of the log each peer has
    std::size_t committed_ = 0;
};

}  // namespace replicated_log
