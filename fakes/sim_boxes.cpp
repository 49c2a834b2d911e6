#include "fakes/sim_boxes.hpp"

#include <fmt/format.h>

#include <memory>

#include "fakes/box.hpp"
#include "fakes/sim_ports.hpp"

namespace fakes {
namespace {

class BoxProgram final : public sim::Program {
  public:
    BoxProgram(sim::Process& process, BoxIdentity identity, const std::string& address)
        : clock_(process),
          http_(process),
          box_({process.executor(), clock_, http_, process.world().tape()}, std::move(identity)) {
        box_.boot([this, &process, address] {
            process.emit("box.listening", {{"address", address}});
            listen(process, address,
                   [this](const lifecycle::HttpRequest& request, Respond respond) {
                       respond(box_.handle(request));
                   });
        });
    }

  private:
    SimClock clock_;
    SimHttpClient http_;
    Box box_;
};

std::string environment_of(const FlyMachine& machine, const char* name) {
    const auto environment = machine.config.find("env");
    if (environment == machine.config.end() || !environment->is_object()) return {};
    return environment->value(name, "");
}

}  // namespace

void SimBoxes::power_on(const FlyMachine& machine) {
    sim::Process*& process = processes_[machine.id];
    if (process == nullptr) {
        process = &world_.add_process("box " + machine.name, "box");
        const BoxIdentity identity{environment_of(machine, "VIVARIUM_MACHINE"),
                                   environment_of(machine, "VIVARIUM_CONTROL")};
        const std::string address = fmt::format("[{}]:{}", machine.private_ip, daemon_port_);
        process->set_program([identity, address](sim::Process& self) {
            return std::make_unique<BoxProgram>(self, identity, address);
        });
        process->supervise(std::chrono::seconds(20));
    }
    process->boot();
}

void SimBoxes::power_off(const FlyMachine& machine) {
    const auto found = processes_.find(machine.id);
    if (found != processes_.end()) found->second->stop("powered off");
}

void SimBoxes::discard(const FlyMachine& machine) {
    const auto found = processes_.find(machine.id);
    if (found == processes_.end()) return;
    world_.remove_process(*found->second);
    processes_.erase(found);
}

}  // namespace fakes
