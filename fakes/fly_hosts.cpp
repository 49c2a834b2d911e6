#include "fakes/fly_cloud.hpp"

// Hosts of Fly that are out of reach, with what is on them.
namespace fakes {

void FlyCloud::lose_host(const std::string& volume) {
    FlyVolume& lost = volumes_.at(volume);
    lost.host_down = true;
    const auto found = machines_.find(lost.attached_machine);
    if (found == machines_.end()) return;
    // What it was about to do does not happen.
    ++found->second.episode;
    found->second.host_down = true;
    host_.power_off(found->second.id);
}

void FlyCloud::return_host(const std::string& volume) {
    FlyVolume& back = volumes_.at(volume);
    back.host_down = false;
    const auto found = machines_.find(back.attached_machine);
    if (found == machines_.end()) return;
    FlyMachine& machine = found->second;
    machine.host_down = false;
    if (machine.state == "destroying") {
        finish_destroying(machine);
    } else {
        launch(machine);
    }
}

}  // namespace fakes
