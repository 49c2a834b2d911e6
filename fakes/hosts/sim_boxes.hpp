#pragma once

#include <functional>
#include <map>
#include <string>

#include "fakes/box.hpp"
#include "fakes/cloud.hpp"
#include "sim/world/world.hpp"

namespace fakes {

// Runs each machine of the fake clouds as a process of the simulated world.
class SimBoxes final : public BoxHost {
  public:
    // A box's agent has worked a delegation off.
    using OnProcessed = std::function<void(const std::string& machine, const std::string& work)>;

    explicit SimBoxes(sim::World& world) : world_(world) {}
    void on_processed(OnProcessed hear) { on_processed_ = std::move(hear); }

    void power_on(const BoxSpec& box) override;
    void power_off(const std::string& id) override;
    void discard(const std::string& id) override;

    // How the boxes of a machine behave, by its name; of those that are not named as all others.
    BoxOptions& options(const std::string& machine) { return options_[machine]; }

    // A second box with the identity of one that runs, as when a cloud has started a machine twice.
    // It goes when the first goes. False if no such machine runs.
    bool double_up(const std::string& machine);

    // The machine's program dies, and is started again after a while. False if it does not run.
    bool crash(const std::string& machine);

    // The second box is gone, as when the cloud has noticed. False if there is none.
    bool end_double(const std::string& machine);

    // The second box gets the address of the first, which lives on where nobody can reach it. False
    // if there is none.
    bool move_address(const std::string& machine);

    // The machine stands still until it is resumed; its twin does not. False if it does not run.
    bool pause(const std::string& machine);
    void resume(const std::string& machine);

    // The boot of the box at the address of the machine of that id; empty if nobody is there.
    std::string boot_at(const std::string& id) const;

    // How many processes run as that machine.
    int running(const std::string& machine) const;

  private:
    struct Housed {
        sim::Process* process = nullptr;
        BoxSpec box;  // as it was last switched on
        BoxDisk disk;
        int boots = 0;
        std::string boot;  // the last of its own
        sim::Process* twin = nullptr;
        BoxDisk twin_disk;
        std::string twin_boot;
        bool moved = false;  // the address is the twin's
    };

    // The process of that machine, which is no twin; nothing if it does not run.
    sim::Process* alive(const std::string& machine);
    // Where that machine runs twice; nothing if it does not.
    Housed* doubled(const std::string& machine);

    sim::World& world_;
    OnProcessed on_processed_;
    std::map<std::string, Housed> housed_;  // by machine id
    std::map<std::string, BoxOptions> options_;
};

}  // namespace fakes
