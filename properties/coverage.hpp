#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "properties/run.hpp"

namespace properties {

// Which behaviour a run showed, by name, as its trace tells:
//   "machine.state starting->active"            a transition, a retry, an error class, a fault
//   "order machine.daemon < machine.provisioned"  two events of one machine, one after the other
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
    std::map<std::string, std::uint64_t> seen_;
    std::map<std::string, std::string> last_of_machine_;  // the last event's type
    std::string last_fault_ = "no fault";
    sim::VirtualTime last_fault_at_{};
    std::string last_step_ = "nothing";
};

// The behaviours that the scenarios say must sometimes happen and that are not among those seen.
std::vector<std::string> missing_behaviours(
    const std::vector<const scenarios::Scenario*>& scenarios,
    const std::map<std::string, std::uint64_t>& seen);

}  // namespace properties
