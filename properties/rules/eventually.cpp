#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "properties/rules/fly_truth.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "system/model/machine.hpp"

namespace properties {
namespace {

using lifecycle::Machine;
using lifecycle::MachineState;
using scenarios::Ending;

class NoStrandedStart final : public CalmProperty {
  public:
    NoStrandedStart()
        : CalmProperty("no-stranded-start",
                       "After the calm no machine is still starting, least of all one without an "
                       "external id.") {}
    // Judged before the last demands, which would detach a stranded machine.
    void judge_calm(const scenarios::Shadow& shadow, const Broken& broken) override {
        for (const auto& [id, machine] : shadow.machines()) {
            if (machine.state != MachineState::starting) continue;
            broken(fmt::format("machine {} is still starting, with the external id \"{}\"", id,
                               machine.external_id));
        }
    }
};

class ResourcesOwnedOrGone final : public EndProperty {
  public:
    ResourcesOwnedOrGone()
        : EndProperty("resources-owned-or-gone",
                      "After the calm every machine at the provider belongs to a machine that is "
                      "in use or is in quarantine, and none that is retired has one.") {}
    void judge_end(const Ending& ending, const Broken& broken) override {
        for (const fakes::CloudMachine& resource : ending.resources) {
            if (resource.leaving || !ending.shadow.owns(resource.labels)) continue;
            const std::string& id = resource.id;
            const auto named = resource.labels.find("vivarium_machine");
            const Machine* owner =
                named == resource.labels.end() ? nullptr : ending.shadow.machine(named->second);
            const auto kept = ending.shadow.quarantine().find(resource.provider);
            if (owner == nullptr && kept != ending.shadow.quarantine().end() &&
                kept->second.contains(id)) {
                continue;
            }
            if (owner == nullptr) {
                broken(fmt::format("nobody owns {} ({})", resource.name, id));
            } else if (owner->external_id != id) {
                broken(fmt::format("{} exists as {}, and its owner knows \"{}\"", resource.name, id,
                                   owner->external_id));
            } else if (owner->state != MachineState::active &&
                       owner->state != MachineState::starting) {
                broken(fmt::format("{} still exists, and its owner is {}", resource.name,
                                   lifecycle::to_string(owner->state)));
            }
        }
    }
};

// What an event of that kind may die of. Those that are not listed have to come about, so only an
// answer that no attempt can change ends them, and those in `never` nothing.
bool may_die(const scenarios::EventRow& event) {
    static const std::set<std::string_view> never = {
        "machine:destroy", "machine:deadline", "machine:arbitrate", "volume:destroy",
        "volume:release",  "project:route",    "project:route-end", "project:next"};
    static const std::set<std::string_view> impatient = {"machine:restart", "volume:snapshot"};
    if (event.died_of == "answer") return !never.contains(event.kind);
    return event.died_of == "patience" && impatient.contains(event.kind);
}

// Which of several volumes is to be destroyed only a person can say.
bool waits_for_a_person(const scenarios::EventRow& event, const Ending& ending) {
    if (event.kind != "volume:destroy") return false;
    const auto row = ending.shadow.volumes().find(event.subject);
    return row != ending.shadow.volumes().end() && is_ambiguous(row->second, ending.volumes);
}

class EventsSettled final : public Property {
  public:
    EventsSettled()
        : Property("events-settled",
                   "No outbox event dies but of an answer that is final or of a patience that is "
                   "its own, nor for a machine that had left service before, nor when the last "
                   "word on its machine was one that passes; and after the calm every one is done, "
                   "or dead with a reason.") {}
    void on_provider_call(const scenarios::ProviderCall& call) override {
        const std::string subject = call.act.subject;
        const bool reads = call.request.method == "GET";
        // What can be read of a garbled description may be final.
        constexpr int kDescribed = 200;
        const int status = call.response           ? call.response->status
                           : call.garbled && reads ? kDescribed
                                                   : 0;
        // Somebody else may have looked in vain meanwhile.
        const bool in_vain = reads && passes(status);
        // What nobody asked for is nobody's word.
        if (subject.empty() || in_vain || call.server.empty()) return;
        last_words_[subject][call.server] = {status, call.ended};
    }
    // Who is gone has no more to say.
    void on_server_down(const std::string& server) override {
        for (auto& [subject, words] : last_words_) words.erase(server);
    }
    void on_event(const scenarios::EventRow*, const scenarios::EventRow& after,
                  const scenarios::Shadow& shadow) override {
        if (after.state == "dead" && after.died_of == "answer") look(after, shadow);
        if (after.state == "dead" && !may_die(after)) {
            broken(fmt::format("event {} ({} of {}) died of {}: {}", after.id, after.kind,
                               after.machine, after.died_of, after.outcome));
        }
        if (after.state == "dead" && after.kind == "machine:provision") died_.push_back(after);
    }
    void on_commit(const scenarios::Shadow& shadow) override {
        for (const scenarios::EventRow& event : std::exchange(died_, {})) {
            const Machine* machine = shadow.machine(event.machine);
            if (machine == nullptr || machine->state == MachineState::failed) continue;
            broken(fmt::format("event {} died of \"{}\", and {}, which it was for, is {}", event.id,
                               event.outcome, event.machine, lifecycle::to_string(machine->state)));
        }
    }
    void at_end(const Ending& ending) override {
        for (const auto& [id, event] : ending.shadow.events()) {
            if (event.state == "pending" && waits_for_a_person(event, ending)) continue;
            if (event.state == "pending") {
                broken(fmt::format("event {} ({} of {}) is still pending; last: {}", id, event.kind,
                                   event.machine, event.outcome));
            } else if (event.outcome.empty()) {
                broken(fmt::format("event {} ({} of {}) is {} for no reason", id, event.kind,
                                   event.machine, event.state));
            }
        }
    }

  private:
    void look(const scenarios::EventRow& event, const scenarios::Shadow& shadow) const {
        const Machine* machine = shadow.machine(event.machine);
        // A machine goes by its name until its resource's id is known.
        std::map<std::string, Word> last;  // by server
        for (const std::string& name :
             {event.machine, machine == nullptr ? std::string() : machine->external_id}) {
            const auto said = last_words_.find(name);
            if (said == last_words_.end()) continue;
            for (const auto& [server, word] : said->second) {
                if (word.at >= last[server].at) last[server] = word;
            }
        }
        // Of several servers, one may still wait for what it asked when it had the lease.
        const bool any_is_final =
            std::ranges::any_of(last, [](const auto& word) { return !passes(word.second.status); });
        if (last.empty() || any_is_final) return;
        broken(fmt::format(
            "event {} ({} of {}) died of \"{}\" when the last answer about it was {}", event.id,
            event.kind, event.machine, event.outcome, last.begin()->second.status));
    }
    // In every dialect: nobody knows, or come again. 0: no answer.
    static bool passes(int status) {
        return status == 0 || status == 408 || status == 429 || (status >= 502 && status <= 504);
    }

    struct Word {
        int status = 0;
        std::uint64_t at = 0;  // which step of the world
    };
    // By machine or resource, and by the server that got them.
    std::map<std::string, std::map<std::string, Word>> last_words_;
    std::vector<scenarios::EventRow> died_;  // in the commit that comes next
};

class Convergence final : public CalmProperty {
  public:
    Convergence()
        : CalmProperty(
              "convergence",
              "After the calm every project that was not archived has an active machine, "
              "says why it has none, or has had its last one retired by a person; and gets "
              "at once one that answers through the proxy.") {}
    void on_server_request(const std::string& method, const std::string& target) override {
        if (method == "POST") asked_.insert(target);
    }
    void judge_calm(const scenarios::Shadow& shadow, const Broken& broken) override {
        std::set<std::string> explained;
        for (const auto& [id, error] : shadow.open_errors()) explained.insert(error.project);
        std::map<std::string, const Machine*> newest;
        for (const auto& [id, machine] : shadow.machines()) {
            const Machine*& last = newest[machine.project];
            if (last == nullptr || machine.generation > last->generation) last = &machine;
        }
        for (const auto& [id, project] : shadow.projects()) {
            const Machine* last = newest[id];
            if (project.archived || !project.active_machine.empty() || last == nullptr ||
                explained.contains(id) || was_retired(last->id)) {
                continue;
            }
            broken(
                fmt::format("project {} has no active machine, its last, {}, is {}, and nothing "
                            "says why",
                            id, last->id, lifecycle::to_string(last->state)));
        }
    }
    void judge_end(const Ending& ending, const Broken& broken) override {
        for (const scenarios::Demand& demand : ending.demands) {
            if (demand.machine.empty()) {
                broken(fmt::format("project {} could not get an active machine", demand.project));
            } else if (demand.proxy_status != 200) {
                broken(fmt::format("the active machine {} of project {} answered {}",
                                   demand.machine, demand.project, demand.proxy_status));
            }
        }
        std::size_t wanted = 0;
        for (const auto& [id, project] : ending.shadow.projects()) {
            wanted += project.archived ? 0 : 1;
        }
        if (ending.demands.size() != wanted) {
            broken(fmt::format("{} of {} projects were served", ending.demands.size(), wanted));
        }
    }

  private:
    bool was_retired(const std::string& machine) const {
        const std::string path = "/v1/machines/" + machine;
        return asked_.contains(path + "/retire") || asked_.contains(path + "/archive");
    }

    std::set<std::string> asked_;  // targets of requests that have reached a server
};

}  // namespace

Properties eventually_properties() {
    Properties all;
    all.push_back(std::make_unique<NoStrandedStart>());
    all.push_back(std::make_unique<ResourcesOwnedOrGone>());
    all.push_back(std::make_unique<EventsSettled>());
    all.push_back(std::make_unique<Convergence>());
    all.push_back(fly_truth());
    return all;
}

Properties all_properties() {
    Properties all = always_properties();
    for (auto make :
         {provisioning_properties, destruction_properties, volume_properties, identity_properties,
          route_properties, bounds_properties, pacing_properties, project_properties,
          told_properties, in_time_properties, history_properties, eventually_properties}) {
        Properties more = make();
        all.insert(all.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    }
    return all;
}

std::string_view to_text(Phase phase) {
    switch (phase) {
        case Phase::always: return "always";
        case Phase::at_calm: return "at calm";
        case Phase::at_end: return "at end";
    }
    return "unknown";
}

scenarios::Witnesses witnesses_of(const Properties& properties) {
    scenarios::Witnesses all;
    for (const auto& property : properties) all.add(*property);
    return all;
}

}  // namespace properties
