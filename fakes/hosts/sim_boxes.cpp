#include "fakes/hosts/sim_boxes.hpp"

#include <fmt/format.h>

#include <memory>

#include "fakes/hosts/sim_ports.hpp"
#include "fakes/json_reply.hpp"
#include "system/ports/http.hpp"

namespace fakes {
namespace {

std::string environment_of(const BoxSpec& box, const char* name) {
    const auto found = box.environment.find(name);
    return found == box.environment.end() ? std::string() : found->second;
}

BoxIdentity identity_of(const BoxSpec& box, std::string boot) {
    return {environment_of(box, "VIVARIUM_MACHINE"), environment_of(box, "VIVARIUM_CONTROL"),
            environment_of(box, "VIVARIUM_BOOTSTRAP"), std::move(boot)};
}

class BoxProgram final : public sim::Program {
  public:
    BoxProgram(sim::Process& process, const BoxSpec& spec, std::string boot, BoxDisk& disk,
               const BoxOptions& options, std::function<void(const std::string&)> on_processed)
        : clock_(process),
          http_(process),
          token_(spec.token),
          box_({process.executor(), clock_, http_, process.world().tape()},
               identity_of(spec, std::move(boot)), disk, options, std::move(on_processed)) {
        box_.boot([this, &process, address = spec.authority] {
            process.emit("box.listening", {{"address", address}});
            listen(process, address,
                   [this](const lifecycle::HttpRequest& request, Respond respond) {
                       respond(admitted(request) ? box_.handle(request) : reply(401, {}));
                   });
        });
    }

  private:
    // The proxy before the box, of those clouds that have one.
    bool admitted(const lifecycle::HttpRequest& request) const {
        if (token_.empty()) return true;
        const auto shown = request.headers.find("x-daytona-preview-token");
        return shown != request.headers.end() && shown->second == token_;
    }

    SimClock clock_;
    SimHttpClient http_;
    std::string token_;
    Box box_;
};

}  // namespace

void SimBoxes::power_on(const BoxSpec& box) {
    Housed& housed = housed_[box.id];
    housed.box = box;
    if (housed.process == nullptr) {
        housed.process = &world_.add_process("box " + box.name, "box");
        housed.process->set_program([this, id = box.id](sim::Process& self) {
            Housed& here = housed_.at(id);
            here.boot = fmt::format("boot-{:.20}-{}", id, ++here.boots);
            return std::make_unique<BoxProgram>(
                self, here.box, here.boot, here.disk, options_[here.box.name],
                [this, machine = here.box.name](const std::string& work) {
                    if (on_processed_) on_processed_(machine, work);
                });
        });
        housed.process->supervise(std::chrono::seconds(20));
    }
    housed.process->boot();
}

bool SimBoxes::double_up(const std::string& machine) {
    for (auto& [id, housed] : housed_) {
        if (housed.box.name != machine || housed.twin != nullptr) continue;
        housed.twin = &world_.add_process("twin of " + machine, "box");
        housed.twin->set_program([this, key = id](sim::Process& self) {
            Housed& here = housed_.at(key);
            BoxSpec spec = here.box;
            if (!here.moved) spec.authority = "twin-" + spec.authority;
            here.twin_boot = fmt::format("twin-{:.20}-{}", key, ++here.boots);
            return std::make_unique<BoxProgram>(self, spec, here.twin_boot, here.twin_disk,
                                                options_[spec.name],
                                                [this, name = spec.name](const std::string& work) {
                                                    if (on_processed_) on_processed_(name, work);
                                                });
        });
        housed.twin->boot();
        return true;
    }
    return false;
}

SimBoxes::Housed* SimBoxes::doubled(const std::string& machine) {
    for (auto& [id, housed] : housed_) {
        if (housed.box.name == machine && housed.twin != nullptr) return &housed;
    }
    return nullptr;
}

bool SimBoxes::end_double(const std::string& machine) {
    Housed* housed = doubled(machine);
    if (housed != nullptr) housed->twin->stop("the cloud has noticed");
    return housed != nullptr;
}

bool SimBoxes::move_address(const std::string& machine) {
    Housed* housed = doubled(machine);
    if (housed == nullptr) return false;
    housed->moved = true;
    housed->twin->stop("moves");
    housed->twin->boot();
    return true;
}

sim::Process* SimBoxes::alive(const std::string& machine) {
    for (auto& [id, housed] : housed_) {
        if (housed.box.name == machine && housed.process->alive()) return housed.process;
    }
    return nullptr;
}

bool SimBoxes::crash(const std::string& machine) {
    sim::Process* process = alive(machine);
    if (process != nullptr) process->crash("its program failed");
    return process != nullptr;
}

bool SimBoxes::pause(const std::string& machine) {
    sim::Process* process = alive(machine);
    if (process != nullptr) process->pause();
    return process != nullptr;
}

void SimBoxes::resume(const std::string& machine) {
    for (auto& [id, housed] : housed_) {
        if (housed.box.name == machine) housed.process->resume();
    }
}

std::string SimBoxes::boot_at(const std::string& id) const {
    const auto found = housed_.find(id);
    if (found == housed_.end()) return {};
    const Housed& here = found->second;
    const sim::Process* process = here.moved ? here.twin : here.process;
    if (process == nullptr || !process->alive()) return {};
    return here.moved ? here.twin_boot : here.boot;
}

int SimBoxes::running(const std::string& machine) const {
    int count = 0;
    for (const auto& [id, housed] : housed_) {
        if (housed.box.name != machine) continue;
        count += housed.process != nullptr && housed.process->alive() ? 1 : 0;
        count += housed.twin != nullptr && housed.twin->alive() ? 1 : 0;
    }
    return count;
}

void SimBoxes::power_off(const std::string& id) {
    const auto found = housed_.find(id);
    if (found == housed_.end()) return;
    found->second.process->stop("powered off");
    if (found->second.twin != nullptr) found->second.twin->stop("powered off");
}

void SimBoxes::discard(const std::string& id) {
    const auto found = housed_.find(id);
    if (found == housed_.end()) return;
    world_.remove_process(*found->second.process);
    if (found->second.twin != nullptr) world_.remove_process(*found->second.twin);
    housed_.erase(found);
}

}  // namespace fakes
