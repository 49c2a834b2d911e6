#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/volume.hpp"
#include "system/rows/volumes.hpp"

// What holds of the volumes of projects.
namespace properties {
namespace {

using lifecycle::Machine;
using lifecycle::MachineState;
using lifecycle::VolumeRow;
using lifecycle::VolumeState;
using nlohmann::json;
using scenarios::CloudVolume;
using scenarios::ProviderCall;
using scenarios::Shadow;

// The row that volume belongs to: by its id, or by its name where no id is known; null if none.
const VolumeRow* row_of(const Shadow& shadow, const CloudVolume& volume) {
    for (const auto& [name, row] : shadow.volumes()) {
        if (row.external_id == volume.id) return &row;
        if (row.external_id.empty() && name == volume.name) return &row;
    }
    return nullptr;
}

// The id of the volume that a request is about; empty if it is about none, or not about one.
std::string volume_in(const std::string& target) {
    constexpr std::string_view kVolumes = "/volumes/";
    const auto at = target.find(kVolumes);
    return at == std::string::npos ? std::string() : target.substr(at + kVolumes.size());
}

class VolumesOwnedOrGone final : public EndProperty {
  public:
    VolumesOwnedOrGone()
        : EndProperty(
              "volumes-owned-or-gone",
              "After the calm a project has one volume at most, which its machines mount, and "
              "an archived project has none; every other volume of ours at the provider is "
              "gone, or cannot be told from somebody's copy of it.") {}
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        look_at_rows(ending.shadow, broken);
        for (const CloudVolume& volume : ending.volumes) {
            if (!volume.leaving && !is_owned(volume, ending)) {
                broken(fmt::format("nobody owns volume {} ({})", volume.name, volume.id));
            }
        }
    }

  private:
    static void look_at_rows(const Shadow& shadow, const Broken& broken) {
        std::map<std::string, std::string> current;  // by project
        for (const auto& [name, row] : shadow.volumes()) {
            if (!is_current(row.state)) continue;
            if (is_archived(row, shadow)) {
                broken(fmt::format("{} is archived, and keeps volume {}", row.project, name));
            }
            const auto [other, first] = current.emplace(row.project, name);
            if (first) continue;
            broken(fmt::format("{} keeps volume {} beside volume {}", row.project, name,
                               other->second));
        }
        for (const auto& [name, row] : shadow.volumes()) {
            if (is_current(row.state) || row.state == VolumeState::gone) continue;
            const bool kept = row.state == VolumeState::superseded;
            const std::string_view kind = kept ? "volume:release" : "volume:destroy";
            const std::string& subject = kept ? current[row.project] : name;
            const auto ends_it = [&](const auto& event) {
                return event.second.kind == kind && event.second.subject == subject &&
                       event.second.state == "pending";
            };
            if (std::ranges::none_of(shadow.events(), ends_it)) {
                broken(fmt::format("volume {} is {}, and no event ends it", name,
                                   lifecycle::to_string(row.state)));
            }
        }
    }
    static bool is_owned(const CloudVolume& volume, const scenarios::Ending& ending) {
        const auto found = ending.shadow.volumes().find(volume.name);
        if (found == ending.shadow.volumes().end()) return false;
        const VolumeRow& row = found->second;
        // The machine that it was for has failed, and the next finds it by its name.
        if (row.state == VolumeState::asked && is_awaited(row, ending.shadow)) return true;
        // It has the name of another, and might be a copy that somebody made of it.
        if (!row.external_id.empty() && row.external_id != volume.id) return true;
        return row.state == VolumeState::present || is_ambiguous(row, ending.volumes);
    }
    static bool is_archived(const VolumeRow& row, const Shadow& shadow) {
        const auto project = shadow.projects().find(row.project);
        return project == shadow.projects().end() || project->second.archived;
    }
    // A project that was archived, or whose machine mounts another, needs it no more.
    static bool is_awaited(const VolumeRow& row, const Shadow& shadow) {
        if (is_archived(row, shadow)) return false;
        const Machine* active = shadow.machine(shadow.projects().at(row.project).active_machine);
        return active == nullptr || active->volume.empty() || active->volume == row.name;
    }
};

class DataSurvives final : public Property {
  public:
    DataSurvives()
        : Property("data-survives",
                   "What a machine in service wrote to its project's volume is at every moment "
                   "whole on a volume that the project keeps, until the project is archived.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        if (after.state == MachineState::active) served_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override { look(shadow); }
    void on_provider_request(const ProviderCall&, const Shadow& shadow) override { look(shadow); }
    void at_end(const scenarios::Ending& ending) override { look(ending.shadow); }
    // Rows that are lost keep nothing.
    void on_tampered() override { written_.clear(); }

  private:
    using Writers = std::set<std::string>;

    void look(const Shadow& shadow) {
        std::map<std::string, Writers> kept;
        for (const CloudVolume& volume : shadow.clouds().volumes()) {
            if (volume.leaving) continue;
            const VolumeRow* row = row_of(shadow, volume);
            if (row == nullptr || !is_kept(row->state)) continue;
            Writers& writers = kept[row->project];
            for (const std::string& writer : volume.holds) {
                if (served_.contains(writer)) writers.insert(writer);
            }
        }
        for (const auto& [project, writers] : written_) {
            if (shadow.projects().at(project).archived) continue;
            for (const std::string& writer : writers) {
                if (!kept[project].contains(writer)) {
                    broken(fmt::format("what {} wrote is on no volume that {} keeps", writer,
                                       project));
                }
            }
        }
        written_ = std::move(kept);
    }

    std::set<std::string> served_;
    std::map<std::string, Writers> written_;  // by project
};

class VolumesDestroyedById final : public Property {
  public:
    VolumesDestroyedById()
        : Property(
              "volumes-destroyed-by-id",
              "A volume is destroyed only if a row has its id, or, where no id was ever known, "
              "asked for its name and nothing else has that, or if a person named it.") {}
    void on_named(const std::string& resource) override { named_.insert(resource); }
    void on_commit(const Shadow& shadow) override {
        for (const auto& [name, row] : shadow.volumes()) {
            if (row.external_id.empty()) {
                without_id_.insert(name);
                continue;
            }
            known_.insert(name);
            if (without_id_.erase(name) == 0 || is_kept(row.state)) continue;
            // What is given up is destroyed by that id.
            VolumeRow before = row;
            before.external_id.clear();
            if (!named_.contains(row.external_id) &&
                is_ambiguous(before, shadow.clouds().volumes())) {
                broken(fmt::format("{} was taken for {}, and another is called so too",
                                   row.external_id, name));
            }
        }
    }
    // Rows that are lost were never there.
    void on_tampered() override { known_.clear(); }
    void on_provider_request(const ProviderCall& call, const Shadow& shadow) override {
        const std::string id = volume_in(call.request.target);
        if (call.request.method != "DELETE" || id.empty()) return;
        const std::vector<CloudVolume> all = shadow.clouds().volumes();
        const auto volume = std::ranges::find(all, id, &CloudVolume::id);
        if (volume == all.end() || named_.contains(id)) return;
        const VolumeRow* row = row_of(shadow, *volume);
        if (row != nullptr && row->external_id == id) return;
        if (row == nullptr || known_.contains(row->name)) {
            broken(fmt::format("{} ({}) is nobody's of ours, and was to be destroyed", id,
                               volume->name));
        } else if (is_ambiguous(*row, all)) {
            broken(fmt::format("{} was to be destroyed, and another is called {} too", id,
                               volume->name));
        }
    }

  private:
    std::set<std::string> named_;
    std::set<std::string> known_;       // names of rows that have, or had, an id
    std::set<std::string> without_id_;  // of those that have none
};

class GoneMeansGone final : public Property {
  public:
    GoneMeansGone()
        : Property("gone-means-gone",
                   "A volume is said to be gone only when its provider has none of its id, or of "
                   "its name where no id is known.") {}
    void on_commit(const Shadow& shadow) override {
        for (const auto& [name, row] : shadow.volumes()) {
            if (row.state != VolumeState::gone || !gone_.insert(name).second) continue;
            if (tampered_) continue;
            for (const CloudVolume& volume : shadow.clouds().volumes()) {
                const bool its =
                    row.external_id.empty() ? volume.name == name : volume.id == row.external_id;
                if (!its || volume.leaving) continue;
                broken(
                    fmt::format("{} is said to be gone, and its provider has {}", name, volume.id));
            }
        }
        tampered_ = false;
    }
    // What somebody else has written is not what the core said.
    void on_tampered() override { tampered_ = true; }

  private:
    std::set<std::string> gone_;
    bool tampered_ = false;
};

class UnreachableIsSaid final : public Property {
  public:
    UnreachableIsSaid()
        : Property("unreachable-is-said",
                   "A machine that fails while the host of its project's volume is out of reach "
                   "says which volume that is.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        if (after.state == MachineState::failed) failed_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(failed_, {})) {
            if (!said_.insert(id).second) continue;
            const Machine& machine = *shadow.machine(id);
            for (const CloudVolume& volume : shadow.clouds().volumes()) {
                const VolumeRow* row = row_of(shadow, volume);
                if (!volume.out_of_reach || row == nullptr || row->project != machine.project ||
                    machine.provisioning_error.find(volume.id) != std::string::npos) {
                    continue;
                }
                broken(fmt::format("{} failed, and says \"{}\" and not that {} cannot be reached",
                                   id, machine.provisioning_error, volume.id));
            }
        }
    }

  private:
    std::set<std::string> failed_;
    std::set<std::string> said_;
};

class CopiedAtRest final : public Property {
  public:
    CopiedAtRest()
        : Property("copied-at-rest",
                   "A volume is copied only if the last that its provider said of it is that no "
                   "machine has it mounted.") {}
    void on_provider_call(const ProviderCall& call) override {
        const std::string id = volume_in(call.request.target);
        if (call.request.method != "GET" || id.empty() || !call.response) return;
        const json said = lifecycle::json_or_null(call.response->body);
        if (call.response->status != 200 || !said.is_object()) return;
        const auto attached = said.find("attached_machine_id");
        const bool bound = attached != said.end() && attached->is_string();
        bound_to_[id] = bound ? attached->get<std::string>() : std::string();
    }
    void on_provider_request(const ProviderCall& call, const Shadow&) override {
        if (call.request.method != "POST" || !call.request.target.ends_with("/volumes")) return;
        const json asked = lifecycle::json_or_null(call.request.body);
        if (!asked.is_object() || !asked.contains("source_volume_id")) return;
        const std::string source = asked["source_volume_id"].get<std::string>();
        const auto said = bound_to_.find(source);
        if (said == bound_to_.end() || !said->second.empty()) {
            broken(fmt::format("{} was to be copied, which {} has mounted", source,
                               said == bound_to_.end() ? "nobody knows who" : said->second));
        }
    }

  private:
    std::map<std::string, std::string> bound_to_;  // by volume: the machine, or empty
};

class SnapshotBeforeRecreation final : public Property {
  public:
    SnapshotBeforeRecreation()
        : Property("snapshot-before-recreation",
                   "Where a machine is recreated that mounts a volume, a snapshot of that volume "
                   "is owed from the same moment on.") {}
    void on_recreated(const scenarios::Recreation& recreation, const Shadow&) override {
        recreated_.push_back(recreation.machine);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(recreated_, {})) {
            const Machine* machine = shadow.machine(id);
            if (machine == nullptr || machine->volume.empty()) continue;
            const auto owed = [&volume = machine->volume](const auto& event) {
                return event.second.kind == "volume:snapshot" && event.second.subject == volume &&
                       event.second.state == "pending";
            };
            if (std::ranges::none_of(shadow.events(), owed)) {
                broken(fmt::format("{} is recreated, and nobody makes a snapshot of {}", id,
                                   machine->volume));
            }
        }
    }

  private:
    std::vector<std::string> recreated_;  // in the commit that comes next
};

class NamesItsOwn final : public Property {
  public:
    NamesItsOwn()
        : Property("names-its-own",
                   "A row names a resource only if that says it is the machine, and mounts the "
                   "volume that the machine has to.") {}
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (after.external_id.empty()) return;
        if (before == nullptr || before->external_id != after.external_id) named_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(named_, {})) {
            const Machine& machine = *shadow.machine(id);
            const auto volume = shadow.volumes().find(machine.volume);
            for (const fakes::CloudMachine& resource : shadow.clouds().inventory()) {
                if (resource.provider != machine.provider || resource.id != machine.external_id) {
                    continue;
                }
                const auto owner = resource.labels.find("vivarium_machine");
                if (owner == resource.labels.end() || owner->second != id) {
                    broken(fmt::format("{} names {}, which does not say so", id, resource.id));
                }
                if (volume != shadow.volumes().end() && !volume->second.external_id.empty() &&
                    resource.volume != volume->second.external_id) {
                    broken(fmt::format("{} names {}, which mounts \"{}\" and not \"{}\"", id,
                                       resource.id, resource.volume, volume->second.external_id));
                }
            }
        }
    }

  private:
    std::set<std::string> named_;
};

}  // namespace

bool is_ambiguous(const VolumeRow& row, const std::vector<CloudVolume>& all) {
    const auto has_its_name = [&row](const CloudVolume& one) {
        return one.name == row.name && !one.leaving;
    };
    return row.external_id.empty() && std::ranges::count_if(all, has_its_name) > 1;
}

Properties volume_properties() {
    Properties all;
    all.push_back(std::make_unique<VolumesOwnedOrGone>());
    all.push_back(std::make_unique<DataSurvives>());
    all.push_back(std::make_unique<VolumesDestroyedById>());
    all.push_back(std::make_unique<GoneMeansGone>());
    all.push_back(std::make_unique<UnreachableIsSaid>());
    all.push_back(std::make_unique<CopiedAtRest>());
    all.push_back(std::make_unique<SnapshotBeforeRecreation>());
    all.push_back(std::make_unique<NamesItsOwn>());
    return all;
}

}  // namespace properties
