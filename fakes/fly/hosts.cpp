#include "fakes/fly/cloud.hpp"
#include "fakes/fly/dialect.hpp"
#include "fakes/json.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

// Hosts of Fly that are out of reach, with what is on them, and what the API remembers of it.
namespace fakes {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;

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

void FlyCloud::lose(const std::string& name) {
    for (auto& [id, machine] : machines_) {
        if (machine.name == name && machine.state != "destroyed") {
            if (observer_ != nullptr) observer_->on_lost(described(machine));
            finish_destroying(machine);
            return;
        }
    }
}

void FlyCloud::lose_sight(FlyMachine& machine, Duration duration) {
    if (!machine.known_state.empty()) return;
    machine.known_state = machine.state;
    clock_.schedule(clock_.now() + duration, [this, id = machine.id] {
        const auto found = machines_.find(id);
        if (found != machines_.end()) found->second.known_state.clear();
    });
}

void FlyCloud::lose_sight(const std::string& name, Duration duration) {
    for (auto& [id, machine] : machines_) {
        if (machine.name == name && machine.state != "destroyed") lose_sight(machine, duration);
    }
}

void FlyCloud::hide(const std::string& name, Duration duration) {
    for (auto& [id, machine] : machines_) {
        if (machine.name != name || machine.state == "destroyed") continue;
        machine.visible_at = clock_.now() + duration;
        if (observer_ != nullptr) observer_->on_hidden(described(machine));
    }
}

std::optional<HttpResponse> FlyCloud::refuse_for_host(const std::string& id) const {
    const auto found = machines_.find(id);
    if (found == machines_.end() || found->second.known_state.empty()) return std::nullopt;
    return refuse(503, "unavailable: host unreachable");
}

HttpResponse FlyCloud::annotate(const std::string& id, std::string_view key,
                                const HttpRequest& request) {
    FlyMachine* machine = visible(id);
    if (machine == nullptr) return machine_not_found();
    const json body = json_or_null(request.body);
    if (!body.is_object() || !body.contains("value")) {
        return refuse(400, "invalid_argument: value is required");
    }
    machine->config["metadata"][std::string(key)] = body["value"];
    return reply(204, json());
}

}  // namespace fakes
