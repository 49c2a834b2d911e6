#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "sim/search/coverage.hpp"

namespace properties {

// What else the trace of a control plane shows:
//   "provider.error busy at fly"                an event, and of which provider
//   "net.answer server 409"                     an answer that refuses, and whose it is
//   "starting->active at the age of minutes"    how long a machine took to get there
//   "clock.jump while a machine is starting"    and while an event is in hand, or its host down
//   "starting->active after net.late in machine:readiness"
//                                               a transition, the last fault before it, and the
//                                               flow step that was last taken up
class LifecycleCoverage final : public sim::search::Coverage {
  public:
    LifecycleCoverage();

  private:
    static std::string_view refusal_in(const sim::Event& event);
    bool is_background(const sim::Event& event) const override;
    std::string name_of(const sim::Event& event) const override;
    void look(const sim::Event& event, const std::string& name) override;
    // What is going on when somebody sets a clock.
    void note_meanwhile(const sim::Event& event);

    std::map<std::string, std::string> states_;  // by machine
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

}  // namespace properties
