#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "properties/run.hpp"

namespace properties {

// Which behaviour a run showed, by name, as its trace tells:
//   "machine.state starting->active"            a transition, a retry, an error class, a fault
//   "outbox.later machine:provision: the resource is starting"
//                                               the same, and why, as is said there
//   "provider.error busy at fly"                the same, of which provider
//   "net.answer server 409"                     an answer that refuses, and whose it is
//   "order machine.daemon < machine.provisioned"  two events of one machine, volume or delegation,
//                                               one after the other
//   "starting->active at the age of minutes"    how long a machine took to get there
//   "clock.jump while a machine is starting"    and while an event is in hand, or its host down
//   "starting->active after net.late in machine:readiness"
//                                               a transition, the last fault before it, and the
//                                               flow step that was last taken up
// Names carry no ids, so that they are the same for every machine and run.
class Coverage final : public sim::TraceListener {
  public:
    void on_event(const sim::Event& event) override;

    // How often each was seen.
    const std::map<std::string, std::uint64_t>& seen() const { return seen_; }

  private:
    // What is going on when somebody sets a clock.
    void note_meanwhile(const sim::Event& event);

    std::map<std::string, std::uint64_t> seen_;
    std::map<std::string, std::string> last_of_;  // the last event of each subject, by name
    std::map<std::string, std::string> states_;   // by machine
    struct InHand {
        std::string by;  // a process
        std::string kind;
    };
    std::map<std::int64_t, InHand> in_hand_;  // events, by number
    std::set<std::string> down_;              // processes
    std::string last_fault_ = "no fault";
    sim::VirtualTime last_fault_at_{};
    std::string last_step_ = "nothing";
};

// How often each scenario showed each of the behaviours that it must sometimes show. Those of
// another do not count: a scenario that never meets its own race proves nothing of it.
class Sometimes {
  public:
    using Counts = std::map<std::string, std::map<std::string, std::uint64_t>>;  // by scenario

    Sometimes() = default;
    explicit Sometimes(const std::vector<const scenarios::Scenario*>& scenarios);
    explicit Sometimes(Counts counts) : counts_(std::move(counts)) {}

    void add(const std::string& scenario, const Coverage& run);
    void add(const Sometimes& others);
    const Counts& counts() const { return counts_; }

    // "SCENARIO: BEHAVIOUR" for each that was never shown.
    std::vector<std::string> missing() const;

  private:
    Counts counts_;
};

}  // namespace properties
