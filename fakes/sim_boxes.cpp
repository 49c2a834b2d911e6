#include "fakes/sim_boxes.hpp"

#include <memory>

#include "fakes/box.hpp"
#include "fakes/json_reply.hpp"
#include "fakes/sim_ports.hpp"

namespace fakes {
namespace {

std::string environment_of(const BoxSpec& box, const char* name) {
    const auto found = box.environment.find(name);
    return found == box.environment.end() ? std::string() : found->second;
}

class BoxProgram final : public sim::Program {
  public:
    BoxProgram(sim::Process& process, const BoxSpec& spec)
        : clock_(process),
          http_(process),
          token_(spec.token),
          box_({process.executor(), clock_, http_, process.world().tape()},
               {environment_of(spec, "VIVARIUM_MACHINE"),
                environment_of(spec, "VIVARIUM_CONTROL")}) {
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
            return std::make_unique<BoxProgram>(self, housed_.at(id).box);
        });
        housed.process->supervise(std::chrono::seconds(20));
    }
    housed.process->boot();
}

void SimBoxes::power_off(const std::string& id) {
    const auto found = housed_.find(id);
    if (found != housed_.end()) found->second.process->stop("powered off");
}

void SimBoxes::discard(const std::string& id) {
    const auto found = housed_.find(id);
    if (found == housed_.end()) return;
    world_.remove_process(*found->second.process);
    housed_.erase(found);
}

}  // namespace fakes
