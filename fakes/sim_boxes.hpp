#pragma once

#include <map>
#include <string>

#include "fakes/cloud.hpp"
#include "sim/world.hpp"

namespace fakes {

// Runs each machine of the fake clouds as a process of the simulated world.
class SimBoxes final : public BoxHost {
  public:
    explicit SimBoxes(sim::World& world) : world_(world) {}
    void power_on(const BoxSpec& box) override;
    void power_off(const std::string& id) override;
    void discard(const std::string& id) override;

  private:
    sim::World& world_;
    struct Housed {
        sim::Process* process = nullptr;
        BoxSpec box;  // as it was last switched on
    };
    std::map<std::string, Housed> housed_;  // by machine id
};

}  // namespace fakes
