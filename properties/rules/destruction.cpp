#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/model/machine.hpp"

// What is destroyed at providers, and why. Judged by what there really is and by the rows, whatever
// the core makes of it.
namespace properties {
namespace {

using fakes::CloudMachine;
using lifecycle::Machine;
using lifecycle::MachineState;
using scenarios::ProviderCall;
using scenarios::Shadow;
using Verb = fakes::Act::Verb;

// What the rows say of a machine at a provider.
enum class Standing : std::uint8_t {
    given_up,  // its row is out of service
    second,    // its row is in service, and is another resource
    in_use,    // its row is in service, and is this one or has to become it
    unknown,   // no row is its
};

Standing standing_of(const CloudMachine& machine, const Shadow& shadow) {
    const auto named = machine.labels.find("vivarium_machine");
    const Machine* row = named == machine.labels.end() ? nullptr : shadow.machine(named->second);
    if (row == nullptr || !shadow.owns(machine.labels)) return Standing::unknown;
    if (row->state != MachineState::starting && row->state != MachineState::active) {
        return Standing::given_up;
    }
    bool its = row->external_id == machine.id;
    if (row->external_id.empty()) {
        const auto volume = shadow.volumes().find(row->volume);
        const std::string expected =
            volume == shadow.volumes().end() ? std::string() : volume->second.external_id;
        its = row->state == MachineState::active || machine.volume == expected;
    }
    return its ? Standing::in_use : Standing::second;
}

// A machine that is to be destroyed; nothing if the call is about something else.
std::optional<CloudMachine> destroyed_by(const ProviderCall& call, const Shadow& shadow) {
    const fakes::Act& act = call.act;
    if (act.verb != Verb::destroy) return std::nullopt;
    for (CloudMachine& machine : shadow.clouds().inventory()) {
        if (machine.provider == call.provider && machine.id == act.subject && !machine.leaving) {
            return std::move(machine);
        }
    }
    return std::nullopt;
}

class UnknownIsKept final : public Property {
  public:
    UnknownIsKept()
        : Property("unknown-is-kept",
                   "Nothing is destroyed but what its row has given up, what is a second resource "
                   "of one, and what no row has known for as long as the quarantine lasts, unless "
                   "a person named it.") {}
    void on_named(const std::string& resource) override { named_.insert(resource); }
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        const fakes::Act& act = call.act;
        if (act.verb == Verb::find && act.subject.empty()) look(call, shadow);
        const auto machine = destroyed_by(call, shadow);
        if (!machine || named_.contains(machine->id)) return;
        const Standing standing = standing_of(*machine, shadow);
        if (standing == Standing::in_use) {
            broken(fmt::format("{} is the one that its row has to have, and was to be destroyed",
                               machine->name));
        }
        if (standing != Standing::unknown) return;
        // The looks of a sweep are some way apart, and so may be its clock and ours.
        constexpr auto kTolerance = std::chrono::minutes(15);
        const auto since = unknown_since_.find({call.provider, machine->id});
        if (since == unknown_since_.end() ||
            call.sent_at - since->second < scenarios::kQuarantine - kTolerance) {
            broken(
                fmt::format("no row knew {}, which was to be destroyed too soon", machine->name));
        }
    }

  private:
    // A sweep begins to look at a provider.
    void look(const ProviderCall& call, const Shadow& shadow) {
        for (const CloudMachine& machine : shadow.clouds().inventory()) {
            if (machine.provider != call.provider) continue;
            const std::pair key(machine.provider, machine.id);
            if (standing_of(machine, shadow) == Standing::unknown) {
                unknown_since_.emplace(key, call.sent_at);
            } else {
                unknown_since_.erase(key);
            }
        }
    }

    std::set<std::string> named_;
    std::map<std::pair<std::string, std::string>, sim::VirtualTime> unknown_since_;
};

class FewAtOnce final : public Property {
  public:
    FewAtOnce()
        : Property(
              "few-at-once",
              "Of what no row has given up, no more than a few are destroyed at once, unless a "
              "person named them.") {}
    void on_named(const std::string& resource) override { named_.insert(resource); }
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        const auto machine = destroyed_by(call, shadow);
        if (!machine || named_.contains(machine->id)) return;
        const Standing standing = standing_of(*machine, shadow);
        if (standing != Standing::second && standing != Standing::unknown) return;
        constexpr std::size_t kFew = 3;
        const auto since = call.sent_at - std::chrono::minutes(1);
        std::erase_if(recent_, [&](const auto& one) { return one.second <= since; });
        recent_[machine->id] = call.sent_at;
        if (recent_.size() > kFew) {
            broken(
                fmt::format("{} were to be destroyed within a minute, and no row has given them up",
                            recent_.size()));
        }
    }

  private:
    std::set<std::string> named_;
    std::map<std::string, sim::VirtualTime> recent_;
};

}  // namespace

Properties destruction_properties() {
    Properties all;
    all.push_back(std::make_unique<UnknownIsKept>());
    all.push_back(std::make_unique<FewAtOnce>());
    return all;
}

}  // namespace properties
