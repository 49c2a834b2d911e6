#include "system/lifecycle/reconcile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "system/concurrency/contain.hpp"
#include "system/lifecycle/adoption.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/ownership.hpp"
#include "system/model/reasons.hpp"
#include "system/routing/router.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/volumes.hpp"

namespace lifecycle {
namespace {

using Class = ProviderErrorClass;

constexpr Duration kHastened = std::chrono::seconds(30);
// Looks that are closer together count as one.
constexpr Duration kLooksApart = std::chrono::minutes(1);

// What the rows say of the machine that a resource names.
struct Owner {
    std::optional<Machine> machine;
    bool gone = false;            // its resource was confirmed gone
    std::int64_t generation = 0;  // of its project
    bool ours = false;            // it has our identity
};

}  // namespace

Reconciler::Reconciler(Store& store, Ports ports, const Providers& providers, Outbox& outbox,
                       ReconcileOptions options)
    : Component(store, std::move(ports), providers),
      outbox_(outbox),
      options_(options),
      rounds_(ports_.clock) {}

boost::asio::awaitable<void> Reconciler::run() {
    const Duration every = options_.every;
    while (!rounds_.stopped() && every.count() > 0) {
        // Control planes that started together need not look together.
        const auto jitter = static_cast<std::int64_t>(ports_.entropy.below(1024));
        const bool hastened = co_await rounds_.rest(every + every * jitter / 4096);
        if (rounds_.stopped()) co_return;
        // Looks that are close together say no more than one.
        if (hastened) co_await rounds_.sleep_ignoring_wakeups(kHastened);
        if (rounds_.stopped()) co_return;
        const Ending ending = co_await contain(&ports_.telemetry, "reconcile", mend_all());
        static_cast<void>(ending);
    }
}

boost::asio::awaitable<void> Reconciler::mend_all() {
    const ReconcileReport report = co_await sweep(true);
    static_cast<void>(report);
}

boost::asio::awaitable<ReconcileReport> Reconciler::sweep(bool apply, std::set<std::string> named) {
    Sweep sweep{apply, {}, {}};
    sweep.named = std::move(named);
    co_await mend_rows(&sweep);
    auto read = [&sweep](ReadTx& tx) -> std::vector<std::string> {
        sweep.report.installation = installation_of(tx).id;
        return all_installations(tx);
    };
    const auto ours = co_await store_.read(std::move(read));
    for (const auto& [name, provider] : providers_.all()) {
        Listing<Resource> present;
        bool answered = true;
        for (const std::string& installation : ours) {
            Labels labels = installation_labels(installation);
            auto some = co_await provider->find(std::move(labels));
            if (!some) {
                sweep.report.unknown.push_back(fmt::format("{}: {}", name, describe(some.error())));
                answered = false;
                break;
            }
            std::ranges::move(some->found, std::back_inserter(present.found));
            std::ranges::move(some->unreadable, std::back_inserter(present.unreadable));
        }
        if (!answered) continue;
        if (!present.complete()) {
            sweep.report.unknown.push_back(
                fmt::format("{}: {}", name, describe_unreadable(present.unreadable)));
        }
        const bool complete = present.complete();
        co_await compare(&sweep, name, std::move(present));
        if (apply && complete) co_await release(&sweep, name);
        if (provider->has_volumes()) co_await collect_volumes(&sweep, name);
    }
    co_await carry_out(&sweep);
    if (apply) looks_ = std::move(sweep.looks);
    outbox_.wake();
    co_return std::move(sweep.report);
}

bool Reconciler::believed(Sweep& sweep, const std::string& key) {
    const Time now = ports_.clock.now();
    Look& look = sweep.looks[key];
    if (const auto before = looks_.find(key); before != looks_.end()) look = before->second;
    if (look.looks == 0 || now - look.at >= kLooksApart) look = {look.looks + 1, now};
    look.at = std::min(look.at, now);  // it was set back
    return look.looks >= kLooks;
}

void Reconciler::note(Sweep& sweep, Finding finding) {
    ports_.telemetry.record("reconcile.finding", {{"kind", finding.kind},
                                                  {"machine", finding.machine},
                                                  {"resource", finding.resource},
                                                  {"done", std::int64_t{finding.done ? 1 : 0}}});
    sweep.report.findings.push_back(std::move(finding));
}

// Rows that no flow will ever repair: they say that they failed, and are not in a state that does.
boost::asio::awaitable<void> Reconciler::mend_rows(Sweep* sweep) {
    auto repair = [this, sweep](Tx& tx) -> std::vector<Finding> {
        std::vector<Finding> findings;
        for (const Machine& machine : machines_in(tx, MachineState::starting)) {
            if (!machine.external_id.empty() || machine.provisioning_error.empty()) continue;
            Finding finding{"broken-row",
                            machine.id,
                            "",
                            machine.provisioning_error,
                            "the machine becomes failed",
                            sweep->apply};
            if (sweep->apply) {
                fail_machine(tx, machine.id, machine.provisioning_error, ports_.clock.now());
            }
            findings.push_back(std::move(finding));
        }
        return findings;
    };
    auto findings = co_await store_.transact(std::move(repair));
    for (Finding& finding : findings) note(*sweep, std::move(finding));
}

boost::asio::awaitable<void> Reconciler::compare(Sweep* sweep, std::string provider,
                                                 Listing<Resource> present) {
    std::set<std::string> seen;
    for (const Resource& resource : present.found) {
        if (resource.partial) {
            seen.insert(resource.external_id);
            sweep->kept.insert(fmt::format("{} {}", provider, resource.external_id));
            sweep->undecided.insert(owner_of(resource));
            sweep->report.unknown.push_back(
                fmt::format("{}: the host of {} is out of reach", provider, resource.external_id));
            ++sweep->there;
            continue;
        }
        if (is_leaving(resource)) continue;
        seen.insert(resource.external_id);
        ++sweep->there;
        co_await judge_resource(sweep, provider, resource);
    }
    auto read = [](ReadTx& tx) -> std::vector<Machine> {
        return machines_in(tx, MachineState::active);
    };
    const auto active = co_await store_.read(std::move(read));
    for (const Machine& machine : active) {
        if (machine.provider != provider || seen.contains(machine.external_id)) continue;
        // Without an id nothing but the list says whether it is there.
        if (machine.external_id.empty() && !present.complete()) continue;
        co_await judge_machine(sweep, machine);
    }
}

boost::asio::awaitable<void> Reconciler::judge_resource(Sweep* sweep, std::string provider,
                                                        Resource resource) {
    auto read = [&resource](ReadTx& tx) -> Owner {
        Owner owner{find_machine(tx, owner_of(resource)), false,
                    generation_of(tx, project_of(resource)),
                    installation_of(resource) == installation_of(tx).id};
        // A machine of that name, and not the one that it is of.
        if (owner.machine && owner.machine->installation != installation_of(resource)) {
            owner.machine.reset();
        }
        const auto record = find_resource(tx, owner_of(resource));
        owner.gone = record && record->state == ResourceRecordState::gone;
        return owner;
    };
    const auto owner = co_await store_.read(read);
    // Others may have the name that our earlier machines have for a label.
    if (!owner.machine && !owner.ours) co_return;
    if (!owner.machine) {
        // The store may have been restored from before its time; somebody may be working on it.
        const bool newer = owner.generation > 0 && generation_of(resource) > owner.generation;
        co_await quarantine(sweep, std::move(provider), std::move(resource), newer);
        co_return;
    }
    const MachineState state = owner.machine->state;
    const bool in_service = state == MachineState::starting || state == MachineState::active;
    if (!owner.gone || in_service) {
        co_await judge_owned(sweep, std::move(provider), std::move(resource), *owner.machine);
        co_return;
    }
    Finding finding;
    finding.kind = "orphan";
    finding.machine = owner_of(resource);
    finding.resource = resource.external_id;
    finding.what = "its machine was confirmed gone";
    destroy(*sweep, std::move(provider), std::move(finding), &Provider::destroy);
}

boost::asio::awaitable<void> Reconciler::judge_owned(Sweep* sweep, std::string provider,
                                                     Resource resource, Machine machine) {
    const bool active = machine.state == MachineState::active;
    Finding finding;
    finding.machine = machine.id;
    finding.resource = resource.external_id;
    finding.provider = provider;
    if (machine.external_id.empty()) {
        if (!active || machine.provider != provider) co_return;  // its provisioning finds it
        co_await judge_lost_id(sweep, std::move(resource), std::move(machine));
    } else if (machine.external_id != resource.external_id) {
        finding.kind = "double";
        finding.what = "a second resource of the machine";
        destroy(*sweep, std::move(provider), std::move(finding), &Provider::destroy);
    } else if (active && resource.state == ResourceState::stopped) {
        finding.kind = "stopped";
        finding.what = "an active machine has stopped by itself";
        finding.action = "it is started again";
        Change start = [this, machine](Tx& tx) {
            const Time now = ports_.clock.now();
            const auto present = find_machine(tx, machine.id);
            if (!present || present->state != MachineState::active) return false;
            enqueue_start(tx, machine.id, now);
            // Where it was, another may be by now.
            enqueue_route(tx, machine, now);
            return true;
        };
        co_await repair(sweep, std::move(finding), std::move(start));
    } else if (active && resource.state == ResourceState::failed) {
        finding.kind = "failed";
        finding.what = "the provider could not launch it again";
        lose(*sweep, std::move(finding));
    } else if (active && resource.state == ResourceState::started && !resource.address.empty() &&
               resource.address != machine.address) {
        finding.kind = "moved";
        finding.what =
            fmt::format("it is at {} and no longer at {}", resource.address,
                        machine.address.empty() ? "an unknown address" : machine.address);
        finding.action = "its row and its route follow";
        Change follow = [this, machine, address = resource.address](Tx& tx) {
            const auto present = find_machine(tx, machine.id);
            // Whoever was quicker has looked later.
            if (!present || present->address != machine.address) return false;
            follow_address(tx, machine.id, address, ports_.clock.now());
            return true;
        };
        co_await repair(sweep, std::move(finding), std::move(follow));
    }
}

boost::asio::awaitable<void> Reconciler::judge_lost_id(Sweep* sweep, Resource resource,
                                                       Machine machine) {
    auto read = [name = machine.volume](ReadTx& tx) -> std::optional<VolumeRow> {
        return find_volume(tx, name);
    };
    const auto row = co_await store_.read(std::move(read));
    std::string volume = row.has_value() ? row->external_id : std::string();
    if (row && volume.empty() && !resource.volume.empty()) {
        // That id is lost as well: then what the resource mounts has to have the volume's name.
        const auto mounted =
            co_await providers_.find(machine.provider)->get_volume(resource.volume);
        if (!mounted && mounted.error().error_class != Class::gone) {
            sweep->undecided.insert(machine.id);
            sweep->report.unknown.push_back(
                fmt::format("volume {}: {}", resource.volume, describe(mounted.error())));
            co_return;
        }
        if (mounted && mounted->name == machine.volume) volume = resource.volume;
    }
    Finding finding{"lost-id",
                    machine.id,
                    resource.external_id,
                    "the row has lost the id of its resource",
                    "the id is put back",
                    false,
                    machine.provider};
    const Labels ours = ownership_labels(machine);
    const Fitness fitness = judge(resource, ours, volume);
    if (fitness != Fitness::fits || resource.state == ResourceState::failed) {
        // Without another that fits, the machine is missing, and leaves service as such.
        finding.kind = "unfit";
        finding.what = fitness == Fitness::not_ours
                           ? "it says that it is the machine, and not of which generation"
                       : fitness == Fitness::other_volume ? "it mounts another volume"
                                                          : "the provider could not launch it";
        finding.action = "the id is not put back";
        note(*sweep, std::move(finding));
        co_return;
    }
    // Whoever only asks finds the row as it was: it is not missing for that.
    sweep->undecided.insert(machine.id);
    Change put_back = [this, machine, resource](Tx& tx) {
        const Time now = ports_.clock.now();
        if (!restore_external_id(tx, machine.id, resource.external_id, resource.address, now)) {
            return false;
        }
        enqueue_route(tx, machine, now);
        return true;
    };
    co_await repair(sweep, std::move(finding), std::move(put_back));
}

boost::asio::awaitable<void> Reconciler::repair(Sweep* sweep, Finding finding, Change change) {
    if (sweep->apply) {
        auto apply = [&change](Tx& tx) -> bool { return change(tx); };
        const auto changed = co_await store_.transact(std::move(apply));
        finding.done = changed;
    }
    note(*sweep, std::move(finding));
}

boost::asio::awaitable<void> Reconciler::collect_volumes(Sweep* sweep, std::string provider) {
    auto count = [](ReadTx& tx) -> std::int64_t { return count_volumes(tx); };
    const auto known = co_await store_.read(std::move(count));
    if (known == 0) co_return;
    const auto present = co_await providers_.find(provider)->find_volumes("");
    if (!present) {
        sweep->report.unknown.push_back(
            fmt::format("volumes of {}: {}", provider, describe(present.error())));
        co_return;
    }
    if (!present->complete()) {
        sweep->report.unknown.push_back(
            fmt::format("volumes of {}: {}", provider, describe_unreadable(present->unreadable)));
    }
    std::map<std::string, int> called;
    for (const Volume& volume : present->found) called[volume.name] += volume.usable ? 1 : 0;
    for (const Volume& volume : present->found) {
        if (!volume.usable || !volume.attached_to.empty()) continue;
        auto read = [&volume](ReadTx& tx) -> std::optional<VolumeRow> {
            return find_volume(tx, volume.name);
        };
        const auto row = co_await store_.read(read);
        // One that no row names is not ours; one that is being found or destroyed is in good hands.
        if (!row || row->provider != provider) continue;
        const bool by_name = row->external_id.empty();
        if (by_name && called[volume.name] > 1 && !is_kept(row->state)) {
            co_await judge_ambiguous(sweep, provider, volume);
        } else if (row->state == VolumeState::gone && (by_name || row->external_id == volume.id)) {
            Finding finding{"orphan", "", volume.id, "", "", false};
            finding.what = by_name ? "a volume that came after it was given up"
                                   : "a volume that was taken for gone";
            destroy(*sweep, provider, std::move(finding), &Provider::destroy_volume);
        } else if (!by_name && row->external_id != volume.id) {
            // A name is all that it has of ours: whoever copies a volume gives the copy its name.
            note(*sweep, {"unknown-volume", "", volume.id, "it has the name of a volume of ours",
                          "it is left alone: destroy it if nobody needs it", false});
        }
    }
}

boost::asio::awaitable<void> Reconciler::judge_ambiguous(Sweep* sweep, std::string provider,
                                                         Volume volume) {
    Finding finding{"ambiguous-volume", "", volume.id, "", "", false, std::move(provider)};
    finding.what = fmt::format(
        "several volumes are called {}, which is to be destroyed, and its id is not known",
        volume.name);
    if (!sweep->named.contains(volume.id)) {
        finding.action = "it is left alone: have the one that is meant destroyed by its id";
        note(*sweep, std::move(finding));
        co_return;
    }
    // The id first: what is left of the name afterwards is not the volume that was meant.
    auto record = [&volume](Tx& tx) -> bool { return set_volume_id(tx, volume.name, volume.id); };
    const auto recorded = co_await store_.transact(record);
    static_cast<void>(recorded);  // false: another was named too, and this one is as well
    finding.action = "it is destroyed";
    sweep->planned.push_back({std::move(finding), &Provider::destroy_volume, /*named=*/true});
}

boost::asio::awaitable<void> Reconciler::judge_machine(Sweep* sweep, Machine machine) {
    if (sweep->undecided.contains(machine.id)) co_return;
    Finding finding{"missing", machine.id, machine.external_id, "", "", false, machine.provider};
    if (!machine.external_id.empty()) {
        const auto known = co_await providers_.find(machine.provider)->get(machine.external_id);
        const bool absent = known ? known->state == ResourceState::destroyed && !known->partial
                                  : known.error().error_class == Class::gone;
        if (!absent) co_return;
    }
    finding.what = fmt::format("{} it", to_text(Reason::gone));
    ++sweep->there;
    lose(*sweep, std::move(finding));
}

}  // namespace lifecycle
