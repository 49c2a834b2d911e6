#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/routing/route_table.hpp"

// Where the traffic of a project goes.
namespace properties {
namespace {

using lifecycle::Machine;
using lifecycle::MachineState;
using scenarios::Ending;
using scenarios::ServerAnswer;
using scenarios::Shadow;

class RoutesInOrder final : public Property {
  public:
    RoutesInOrder()
        : Property("routes-in-order",
                   "A project's route never goes back to an older machine. Within an activation it "
                   "changes when the machine is elsewhere, ends, once, with the service, and comes "
                   "back only if the machine served all along.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        if (after.state == MachineState::active) {
            serving_[after.project] = after.generation;
        } else if (serving_[after.project] == after.generation) {
            serving_[after.project] = 0;
        }
    }
    void on_route(const std::string& project, const lifecycle::Route& route) override {
        Known& known = known_[project];
        const lifecycle::Route& newest = known.route;
        const bool same = route.machine == newest.machine && route.address == newest.address;
        const bool revived =
            route.generation == newest.generation && newest.machine.empty() && !known.may_come_back;
        if (route.generation < newest.generation || same || revived) {
            broken(fmt::format("the route of {} went from generation {} at \"{}\" to {} at \"{}\"",
                               project, newest.generation, newest.address, route.generation,
                               route.address));
        }
        known = {route, route.machine.empty() && serving_[project] == route.generation};
    }

  private:
    struct Known {
        lifecycle::Route route;
        bool may_come_back = true;
    };
    std::map<std::string, Known> known_;
    std::map<std::string, std::int64_t> serving_;  // generations, by project; 0: none
};

class RoutesFollow final : public CalmProperty {
  public:
    RoutesFollow()
        : CalmProperty(
              "routes-follow",
              "After the calm a project's route leads to its active machine, and nowhere if it "
              "has none.") {}
    void on_route(const std::string& project, const lifecycle::Route& route) override {
        routes_[project] = route.machine;
    }
    // Before the last demands, which would give every project a machine.
    void judge_calm(const Shadow& shadow, const Broken& broken) override {
        for (const auto& [id, project] : shadow.projects()) {
            const auto found = routes_.find(id);
            const std::string there = found == routes_.end() ? std::string() : found->second;
            if (there == project.active_machine) continue;
            broken(fmt::format("the route of {} leads to \"{}\", and \"{}\" is active", id, there,
                               project.active_machine));
        }
    }

  private:
    std::map<std::string, std::string> routes_;
};

class RoutesLeadSomewhere final : public Property {
  public:
    RoutesLeadSomewhere()
        : Property("routes-lead-somewhere",
                   "A route that names a machine says at which host and port its daemon is.") {}
    void on_route(const std::string& project, const lifecycle::Route& route) override {
        const auto colon = route.address.rfind(':');
        const bool dialable =
            colon != std::string::npos && colon > 0 && colon + 1 < route.address.size() &&
            route.address.find_first_not_of("0123456789", colon + 1) == std::string::npos;
        if (route.machine.empty() || dialable) return;
        broken(fmt::format("the route of {} leads to {} at \"{}\"", project, route.machine,
                           route.address));
    }
};

class RoutesAreCurrent final : public CalmProperty {
  public:
    RoutesAreCurrent()
        : CalmProperty(
              "routes-are-current",
              "After the calm a route leads to where its machine is now, and to no address "
              "that it had before, which may be another's; without faults it does so within "
              "minutes.") {}
    void on_route(const std::string& project, const lifecycle::Route& route) override {
        routes_[project] = route;
        wrong_since_.erase(project);
    }
    void on_commit(const Shadow& shadow) override {
        const sim::VirtualTime now = shadow.now();
        if (now - looked_at_ < kBetweenLooks) return;
        looked_at_ = now;
        std::map<std::string, sim::VirtualTime> wrong;
        for (const auto& [project, why] : wrong_routes(shadow)) {
            const auto known = wrong_since_.find(project);
            wrong[project] = known == wrong_since_.end() ? now : known->second;
            if (now - wrong[project] > kLongest && late_.empty()) late_ = why;
        }
        wrong_since_ = std::move(wrong);
    }
    void judge_calm(const Shadow& shadow, const Broken& broken) override {
        for (const auto& [project, why] : wrong_routes(shadow)) broken(why);
    }
    void judge_end(const Ending& ending, const Broken& broken) override {
        judge_calm(ending.shadow, broken);
        if (ending.faults.empty() && !late_.empty()) broken("for too long " + late_);
    }

  private:
    // A sweep's time, and what comes of it.
    static constexpr sim::Duration kLongest = std::chrono::minutes(10);
    static constexpr sim::Duration kBetweenLooks = std::chrono::seconds(30);

    // By project.
    std::map<std::string, std::string> wrong_routes(const Shadow& shadow) {
        std::map<std::string, std::string> wrong;
        for (const fakes::CloudMachine& there : shadow.clouds().inventory()) {
            const Machine* machine = shadow.machine(there.name);
            if (machine == nullptr || machine->state != MachineState::active ||
                machine->external_id != there.id) {
                continue;
            }
            const lifecycle::Route& route = routes_[machine->project];
            const bool may_be_wrong = !there.authority.empty() || there.loses_address;
            if (route.machine != machine->id || !may_be_wrong || route.address == there.authority) {
                continue;
            }
            wrong[machine->project] =
                fmt::format("the route of {} leads to {}, and {} is at \"{}\"", machine->project,
                            route.address, machine->id, there.authority);
        }
        return wrong;
    }

    std::map<std::string, lifecycle::Route> routes_;
    std::map<std::string, sim::VirtualTime> wrong_since_;  // by project
    sim::VirtualTime looked_at_{};
    std::string late_;
};

class OwnBoxesAnswer final : public Property {
  public:
    OwnBoxesAnswer()
        : Property("own-boxes-answer",
                   "No request for a machine is ever answered by another machine's box.") {}
    void on_server_answer(const ServerAnswer& answer) override {
        const auto meant = answer.response.headers.find("X-Vivarium-Machine");
        if (meant == answer.response.headers.end()) return;
        const auto said = lifecycle::json_or_null(answer.response.body);
        if (!said.is_object()) return;
        const std::string answered = said.value("machine", "");
        if (answered.empty() || answered == meant->second) return;
        broken(fmt::format("{} was for {}, and {} answered", answer.request.target, meant->second,
                           answered));
    }
};

}  // namespace

Properties route_properties() {
    Properties all;
    all.push_back(std::make_unique<RoutesInOrder>());
    all.push_back(std::make_unique<RoutesFollow>());
    all.push_back(std::make_unique<RoutesLeadSomewhere>());
    all.push_back(std::make_unique<RoutesAreCurrent>());
    all.push_back(std::make_unique<OwnBoxesAnswer>());
    return all;
}

}  // namespace properties
