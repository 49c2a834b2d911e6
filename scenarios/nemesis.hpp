#pragma once

#include <string>
#include <vector>

#include "sim/world.hpp"

namespace scenarios {

// Now and then, as the tape decides, pauses a process or cuts a link, and later undoes it.
class Nemesis {
  public:
    Nemesis(sim::World& world, std::vector<sim::Process*> victims,
            std::vector<std::pair<std::string, std::string>> links);

    void start();
    // Heals and wakes everything, and does no more harm.
    void stop();

  private:
    struct Link {
        std::string from;
        std::string to;
        sim::LaneId lane;
    };
    struct Victim {
        sim::Process* process;
        sim::LaneId lane;
    };
    void strike();

    sim::World& world_;
    std::vector<Victim> victims_;
    std::vector<Link> links_;
    bool running_ = false;
};

}  // namespace scenarios
