#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "scenarios/cluster/sites.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/provider_resource.hpp"
#include "system/model/reasons.hpp"

// What holds between rows and providers at every moment: nothing is lost, doubled or destroyed that
// should not be.
namespace properties {
namespace {

using fakes::CloudMachine;
using lifecycle::Machine;
using lifecycle::MachineState;
using lifecycle::Reason;
using nlohmann::json;
using scenarios::EventRow;
using scenarios::ProviderCall;
using scenarios::Shadow;
using Verb = fakes::Act::Verb;

std::string label(const CloudMachine& machine, const char* name) {
    const auto found = machine.labels.find(name);
    return found == machine.labels.end() ? std::string() : found->second;
}

// The machine of that id at that provider; nothing if it is not there.
std::optional<CloudMachine> at_provider(const Shadow& shadow, const std::string& provider,
                                        const std::string& id) {
    for (CloudMachine& machine : shadow.clouds().inventory()) {
        if (machine.provider == provider && machine.id == id) return std::move(machine);
    }
    return std::nullopt;
}

class AskedBeforeCreated final : public Property {
  public:
    AskedBeforeCreated()
        : Property("asked-before-created",
                   "Before a provider is asked for a machine, its name is durable as one that has "
                   "to be destroyed some day; and never again once that is confirmed.") {}
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        const fakes::Act& act = call.act;
        if (act.verb != Verb::create) return;
        const auto record = shadow.resources().find(act.subject);
        if (record == shadow.resources().end()) {
            broken(fmt::format("{} was asked for {}, and no record says so", call.provider,
                               act.subject));
        } else if (record->second.state == lifecycle::ResourceRecordState::gone) {
            broken(fmt::format("{} was asked for {}, which was confirmed gone", call.provider,
                               act.subject));
        }
    }
};

class CreateIsOneTransaction final : public Property {
  public:
    CreateIsOneTransaction()
        : Property("create-is-one-transaction",
                   "A machine's row, the event that provisions it, its deadline and the end of "
                   "older ones that are starting are durable together.") {}
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before == nullptr) fresh_.push_back(after);
    }
    void on_event(const EventRow* before, const EventRow& after, const Shadow&) override {
        if (before != nullptr) return;
        if (after.kind == "machine:provision") asked_.insert(after.machine);
        if (after.kind == "machine:deadline") bounded_.insert(after.machine);
    }
    void on_commit(const Shadow& shadow) override {
        for (const Machine& made : std::exchange(fresh_, {})) {
            if (!asked_.contains(made.id)) {
                broken(fmt::format("machine {} was made, and nothing will provision it", made.id));
            }
            if (!bounded_.contains(made.id)) {
                broken(fmt::format("machine {} was made, and may start for ever", made.id));
            }
            for (const auto& [id, other] : shadow.machines()) {
                if (other.project == made.project && other.generation < made.generation &&
                    other.state == MachineState::starting) {
                    broken(
                        fmt::format("machine {} was made, and {} is still starting", made.id, id));
                }
            }
        }
        asked_.clear();
        bounded_.clear();
    }

  private:
    std::vector<Machine> fresh_;
    std::set<std::string> asked_;
    std::set<std::string> bounded_;
};

class FailedSaysWhy final : public Property {
  public:
    FailedSaysWhy()
        : Property("failed-says-why", "A machine that has failed says why in its row.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        if (after.state == MachineState::failed) failed_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(failed_, {})) {
            const Machine* machine = shadow.machine(id);
            if (machine != nullptr && machine->provisioning_error.empty()) {
                broken(fmt::format("machine {} has failed and does not say why", id));
            }
        }
    }

  private:
    std::set<std::string> failed_;
};

class OneResourcePerMachine final : public Property {
  public:
    OneResourcePerMachine()
        : Property("one-resource-per-machine",
                   "No provider has two living resources of one machine, and no two providers have "
                   "one each.") {}
    void on_provider_created(const CloudMachine& machine, const Shadow& shadow) override {
        const std::string owner = label(machine, "vivarium_machine");
        if (owner.empty() || !shadow.owns(machine.labels)) return;
        for (const CloudMachine& other : shadow.clouds().inventory()) {
            if (other.leaving || (other.provider == machine.provider && other.id == machine.id) ||
                !shadow.owns(other.labels) || label(other, "vivarium_machine") != owner) {
                continue;
            }
            broken(fmt::format("{} has {} at {} and {} at {}", owner, machine.id, machine.provider,
                               other.id, other.provider));
        }
    }
};

class CreateAfterAbsence final : public Property {
  public:
    CreateAfterAbsence()
        : Property("create-after-absence",
                   "Who takes on a name that may have been asked for asks again only after a look "
                   "for it that was answered.") {}
    // What a server could know of earlier asks is what was durable when it took the lease: one that
    // loses it may ask at any later time, and the name has to be enough.
    void on_event(const EventRow* before, const EventRow& after, const Shadow& shadow) override {
        if (before == nullptr || before->lease_epoch == after.lease_epoch) return;
        if (after.kind != "machine:provision") return;
        const bool asked = shadow.resources().contains(after.machine);
        leases_[{after.lease_owner, after.machine}] = {asked, false};
    }
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        const fakes::Act& act = call.act;
        if (act.verb != Verb::create) return;
        Lease& lease = leases_[{call.server, act.subject}];
        if (lease.asked && !lease.looked) {
            broken(fmt::format("{} was asked for {} again without a look for it", call.provider,
                               act.subject));
        }
        lease = {true, false};
    }
    void on_provider_call(const ProviderCall& call) override {
        const fakes::Act& act = call.act;
        // What a garbled list says may still look like all that there is.
        const bool answered = call.garbled || (call.response && call.response->status == 200);
        if (act.verb == Verb::find && answered) {
            leases_[{call.server, act.subject}].looked = true;
        }
    }

    // A store that was restored does not know that it has asked.
    void on_tampered() override { leases_.clear(); }

  private:
    struct Lease {
        bool asked = false;
        bool looked = false;
    };
    std::map<std::pair<std::string, std::string>, Lease> leases_;  // by server and machine
};

class CreatesBounded final : public Property {
  public:
    CreatesBounded()
        : Property("creates-bounded",
                   "No machine is asked for more often than its attempts allow, whatever the "
                   "provider answers.") {}
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        constexpr int kMax = 40;
        const fakes::Act& act = call.act;
        if (act.verb != Verb::create) return;
        if (++asked_[act.subject] == kMax + 1) {
            broken(fmt::format("{} was asked for {} times", act.subject, kMax + 1));
        }
    }

  private:
    std::map<std::string, int> asked_;
};

class MountsItsVolume final : public Property {
  public:
    MountsItsVolume()
        : Property("mounts-its-volume",
                   "A machine is started only with the volume that its row names, and never with "
                   "an empty one while its project has data that nobody gave up.") {}
    // Who archives a project gives up its volumes, and may ask for a machine again.
    void on_commit(const Shadow& shadow) override {
        for (const auto& [id, project] : shadow.projects()) {
            if (!project.archived) continue;
            for (const auto& [name, volume] : shadow.volumes()) {
                if (volume.project == id) given_up_.insert(name);
            }
        }
    }
    void on_provider_start(const CloudMachine& machine, const Shadow& shadow) override {
        if (!shadow.owns(machine.labels)) return;
        const Machine* owner = shadow.machine(label(machine, "vivarium_machine"));
        if (owner == nullptr) return;
        const auto volume = shadow.volumes().find(owner->volume);
        const std::string expected =
            volume == shadow.volumes().end() ? std::string() : volume->second.external_id;
        if (machine.volume != expected) {
            broken(fmt::format("{} was started with volume \"{}\" and not with \"{}\"", owner->id,
                               machine.volume, expected));
        }
        if (machine.volume.empty() || !machine.empty_volume) return;
        for (const scenarios::CloudVolume& other : shadow.clouds().volumes()) {
            const auto row = shadow.volumes().find(other.name);
            // What was given up with its project is nobody's data any more.
            if (!other.has_data() || row == shadow.volumes().end() ||
                row->second.project != owner->project || given_up_.contains(other.name)) {
                continue;
            }
            broken(fmt::format("{} was started with an empty volume, and {} holds data", owner->id,
                               other.id));
        }
    }

  private:
    std::set<std::string> given_up_;  // volumes, by name
};

class DestroysOnlyOurs final : public Property {
  public:
    DestroysOnlyOurs()
        : Property("destroys-only-ours",
                   "Nothing is destroyed that does not have our labels, that this database never "
                   "asked for, or that a machine in service runs on.") {}
    // A database without machines has asked for nothing, whatever the one before it did.
    void on_recovery(const Shadow&, const Shadow& after) override {
        if (after.machines().empty()) asked_.clear();
    }
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        const fakes::Act& act = call.act;
        if (act.verb == Verb::create) asked_.insert(act.subject);
        if (act.verb != Verb::destroy) return;
        const auto machine = at_provider(shadow, call.provider, act.subject);
        if (!machine) return;
        if (!shadow.owns(machine->labels)) {
            broken(fmt::format("{} at {} is not ours, and was to be destroyed", act.subject,
                               call.provider));
        } else if (!asked_.contains(machine->name)) {
            broken(fmt::format("{} at {} was made by somebody else, and was to be destroyed",
                               machine->name, call.provider));
        }
        const Machine* owner = shadow.machine(label(*machine, "vivarium_machine"));
        if (owner != nullptr && owner->state == MachineState::active &&
            owner->external_id == machine->id) {
            broken(fmt::format("{} runs on {}, which was to be destroyed", owner->id, machine->id));
        }
    }

  private:
    std::set<std::string> asked_;  // names, of which a provider has one machine each
};

class LossIsReal final : public Property {
  public:
    LossIsReal()
        : Property("loss-is-real",
                   "A machine leaves service as lost only if its provider really does not run it, "
                   "or does not have it where that is the reason.") {}
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before != nullptr && before->state == MachineState::active &&
            after.state == MachineState::detached) {
            left_.insert(after.id);
        }
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(left_, {})) {
            const Machine& machine = *shadow.machine(id);
            const std::string& error = machine.provisioning_error;
            if (error.empty() || says(error, Reason::crash_loop)) continue;
            for (const CloudMachine& resource : shadow.clouds().inventory()) {
                if (resource.id != machine.external_id || resource.leaving) continue;
                if (says(error, Reason::gone)) {
                    broken(fmt::format("{} was given up as lost, and {} still has {}", id,
                                       resource.provider, resource.id));
                } else if (resource.running) {
                    broken(fmt::format("{} was given up as lost, and {} runs at {}", id,
                                       resource.id, resource.provider));
                }
            }
        }
    }

  private:
    std::set<std::string> left_;
};

class ArchivedMeansGone final : public Property {
  public:
    ArchivedMeansGone()
        : Property("archived-means-gone",
                   "A machine is archived only when no provider has anything of it.") {}
    void on_machine(const Machine* before, const Machine& after, const Shadow& shadow) override {
        if (after.state != MachineState::archived ||
            (before != nullptr && before->state == MachineState::archived)) {
            return;
        }
        for (const CloudMachine& resource : shadow.clouds().inventory()) {
            if (resource.leaving || !shadow.owns(resource.labels) ||
                label(resource, "vivarium_machine") != after.id) {
                continue;
            }
            broken(fmt::format("{} is archived, and {} still has {}", after.id, resource.provider,
                               resource.id));
        }
    }
};

class MadeAsAsked final : public Property {
  public:
    MadeAsAsked()
        : Property("made-as-asked",
                   "A machine is made of the image, and with the processors and the memory, that "
                   "its client asked for, and a volume of the size that its row says.") {}
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        if (call.request.method != "POST") return;
        const std::string& target = call.request.target;
        const json body = lifecycle::json_or_null(call.request.body);
        if (!body.is_object()) return;
        if (target.ends_with("/volumes")) {
            const auto row = shadow.volumes().find(body.value("name", ""));
            if (row == shadow.volumes().end()) return;
            compare(row->first, "GB", row->second.size_gb,
                    body.value("size_gb", row->second.size_gb));
            return;
        }
        const fakes::Act& act = call.act;
        const Machine* machine = act.verb == Verb::create ? shadow.machine(act.subject) : nullptr;
        if (machine == nullptr) return;
        const lifecycle::MachineSpec& spec = machine->spec;
        const fakes::RequestedMachine made =
            scenarios::site_of(call.provider).requested(call.request);
        if (made.cpus) compare(machine->id, "processors", spec.cpus, *made.cpus);
        if (made.memory_mb) {
            const std::int64_t unit = made.memory_unit_mb;
            compare(machine->id, "MB", (spec.memory_mb + unit - 1) / unit * unit, *made.memory_mb);
        }
        if (made.image != spec.image) {
            broken(fmt::format("{} is made of {}, and was to be of {}", machine->id, made.image,
                               spec.image));
        }
    }

  private:
    void compare(const std::string& what, std::string_view unit, std::int64_t wanted,
                 std::int64_t made) const {
        if (made == wanted) return;
        broken(fmt::format("{} is made with {} {}, and was to have {}", what, made, unit, wanted));
    }
};

class RequestsAreValid final : public Property {
  public:
    RequestsAreValid()
        : Property("requests-are-valid",
                   "No provider is ever asked for what its API's description does not allow.") {}
    void on_malformed(std::string_view provider, std::string_view said) override {
        broken(fmt::format("{} says: {}", provider, said));
    }
};

}  // namespace

Properties provisioning_properties() {
    Properties all;
    all.push_back(std::make_unique<AskedBeforeCreated>());
    all.push_back(std::make_unique<CreateIsOneTransaction>());
    all.push_back(std::make_unique<FailedSaysWhy>());
    all.push_back(std::make_unique<OneResourcePerMachine>());
    all.push_back(std::make_unique<CreateAfterAbsence>());
    all.push_back(std::make_unique<CreatesBounded>());
    all.push_back(std::make_unique<MountsItsVolume>());
    all.push_back(std::make_unique<DestroysOnlyOurs>());
    all.push_back(std::make_unique<LossIsReal>());
    all.push_back(std::make_unique<ArchivedMeansGone>());
    all.push_back(std::make_unique<MadeAsAsked>());
    all.push_back(std::make_unique<RequestsAreValid>());
    return all;
}

}  // namespace properties
