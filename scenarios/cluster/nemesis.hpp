#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sim/world/world.hpp"

namespace scenarios {

// Periodically, as the tape decides, pauses a process, cuts a link one way or both, slows one down,
// or puts a clock wrong, and later undoes it.
class Nemesis {
  public:
    // Roles that talk to each other.
    using Ends = std::pair<std::string, std::string>;

    Nemesis(sim::World& world, std::vector<sim::Process*> victims, const std::vector<Ends>& pairs);

    void start();
    // Heals and wakes everything, and does no more harm.
    void stop();

  private:
    struct Link {
        Ends ends;
        sim::LaneId one_way;
        sim::LaneId slow;
    };
    struct Pair {
        Ends ends;
        sim::LaneId partition;
    };
    struct Victim {
        sim::Process* process;
        sim::LaneId pause;
        sim::LaneId jump;
        sim::LaneId drift;
    };
    void strike();
    void strike(const Victim& victim);
    void strike(const Link& link);
    void strike(const Pair& pair);
    void block(const Ends& ends, sim::Duration duration);
    // The value of a draw from the lane, as one of the durations; 0 for none.
    template <std::size_t N>
    sim::Duration drawn(sim::LaneId lane, const std::array<sim::Duration, N>& durations);

    sim::World& world_;
    std::vector<Victim> victims_;
    std::vector<Link> links_;
    std::vector<Pair> pairs_;
    bool running_ = false;
};

}  // namespace scenarios
