#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "fakes/fly_cloud.hpp"
#include "sim/world.hpp"

namespace fakes {

// Runs each machine of a fake cloud as a process of the simulated world.
class SimBoxes final : public BoxHost {
  public:
    SimBoxes(sim::World& world, std::uint16_t daemon_port)
        : world_(world), daemon_port_(daemon_port) {}
    void power_on(const FlyMachine& machine) override;
    void power_off(const FlyMachine& machine) override;
    void discard(const FlyMachine& machine) override;

  private:
    sim::World& world_;
    std::uint16_t daemon_port_;
    std::map<std::string, sim::Process*> processes_;  // by machine id
};

}  // namespace fakes
