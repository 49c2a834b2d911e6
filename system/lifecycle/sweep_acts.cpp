#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/ownership.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/quarantine.hpp"

// What a sweep destroys and gives up, and what it keeps.
namespace lifecycle {
namespace {

using Class = ProviderErrorClass;

// How far apart sweeps are at least taken to be, where only people ask for them.
constexpr Duration kShortestSweep = std::chrono::minutes(1);

std::int64_t whole_minutes(Duration duration) {
    return std::chrono::duration_cast<std::chrono::minutes>(duration).count();
}

}  // namespace

boost::asio::awaitable<void> Reconciler::quarantine(Sweep* sweep, std::string provider,
                                                    Resource resource, bool newer) {
    const Duration longest = 2 * std::max<Duration>(options_.every, kShortestSweep);
    auto record = [&](Tx& tx) -> Quarantined {
        const Time now = ports_.clock.now();
        const std::string machine = owner_of(resource);
        if (sweep->apply) {
            return record_quarantined(tx, provider, resource.external_id, machine, now, longest);
        }
        for (Quarantined& known : quarantined(tx)) {
            const bool same = known.provider == provider && known.resource == resource.external_id;
            if (same) return std::move(known);
        }
        return Quarantined{provider, resource.external_id, machine, now, now, Duration(0)};
    };
    const auto known = co_await store_.transact(record);
    sweep->kept.insert(fmt::format("{} {}", provider, resource.external_id));
    Finding finding;
    finding.kind = newer ? "newer" : "quarantined";
    finding.machine = known.machine;
    finding.resource = known.resource;
    finding.provider = provider;
    finding.what = newer ? "the resource is newer than the store knows its project"
                         : fmt::format("no row knows its machine; watched for {} minutes",
                                       whole_minutes(known.watched));
    const bool named = sweep->named.contains(finding.resource);
    const Duration grace = options_.quarantine_for;
    if (named || (!newer && grace.count() > 0 && known.watched >= grace)) {
        finding.action = "it is destroyed";
        sweep->planned.push_back({std::move(finding), &Provider::destroy, named, /*unknown=*/true});
        co_return;
    }
    finding.action =
        newer || grace.count() == 0
            ? "it is left alone: create the project's next machine, or have it destroyed"
            : fmt::format("it is kept for {} minutes more, or until somebody has it destroyed",
                          whole_minutes(grace - known.watched));
    note(*sweep, std::move(finding));
}

boost::asio::awaitable<void> Reconciler::release(Sweep* sweep, std::string provider) {
    auto forget = [&](Tx& tx) {
        for (const Quarantined& known : quarantined(tx)) {
            if (known.provider != provider) continue;
            if (sweep->kept.contains(fmt::format("{} {}", provider, known.resource))) continue;
            forget_quarantined(tx, provider, known.resource);
        }
    };
    co_await store_.transact(forget);
}

void Reconciler::destroy(Sweep& sweep, std::string provider, Finding finding,
                         Destruction destruction) {
    const bool certain = believed(sweep, fmt::format("{} {}", provider, finding.resource));
    const bool named = sweep.named.contains(finding.resource);
    finding.provider = std::move(provider);
    finding.action = certain || named ? "it is destroyed" : "it is watched";
    if (certain || named) {
        sweep.planned.push_back({std::move(finding), destruction, named});
    } else {
        note(sweep, std::move(finding));
    }
}

void Reconciler::lose(Sweep& sweep, Finding finding) {
    const bool certain = believed(sweep, "machine " + finding.machine);
    finding.action = certain ? "the machine leaves service" : "it is watched";
    if (certain) {
        sweep.planned.push_back({std::move(finding), nullptr, false});
    } else {
        note(sweep, std::move(finding));
    }
}

boost::asio::awaitable<void> Reconciler::carry_out(Sweep* sweep) {
    const std::int64_t count =
        std::ranges::count(sweep->planned, false, [](const Planned& one) { return one.named; });
    const std::int64_t destroyed = std::ranges::count_if(
        sweep->planned, [](const Planned& one) { return !one.named && one.destruction; });
    const bool halted =
        destroyed > options_.max_swept ||
        (count > options_.max_swept && count * 100 > sweep->there * options_.max_swept_percent);
    if (halted) {
        sweep->report.halted = fmt::format(
            "{} of {} would be destroyed or given up at once: look whether this is the "
            "right database and the right account, and name what is to be destroyed",
            count, sweep->there);
        ports_.telemetry.record("reconcile.halted", {{"planned", count}, {"there", sweep->there}});
    }
    std::set<std::string> unmet = sweep->named;
    for (const Planned& planned : sweep->planned) unmet.erase(planned.finding.resource);
    for (const std::string& resource : unmet) {
        sweep->report.unknown.push_back(
            fmt::format("{}: no resource of that id is one that may be destroyed", resource));
    }
    for (Planned& planned : sweep->planned) {
        if (halted && !planned.named) {
            planned.finding.action = "nothing: it would be one of too many";
        } else if (sweep->apply || planned.named) {
            planned.finding.done = co_await carry_out_one(&planned);
        }
        note(*sweep, std::move(planned.finding));
    }
}

boost::asio::awaitable<bool> Reconciler::carry_out_one(Planned* planned) {
    Finding& finding = planned->finding;
    if (planned->destruction == nullptr) {
        auto change = [this, &finding](Tx& tx) -> bool {
            lose_machine(tx, finding.machine, finding.what, ports_.clock.now());
            return true;
        };
        const auto lost = co_await store_.transact(change);
        co_return lost;
    }
    if (planned->unknown) {
        // Somebody may have made a machine of that name since it was judged, which takes it over.
        auto read = [&finding](ReadTx& tx) -> bool {
            return find_machine(tx, finding.machine).has_value();
        };
        const auto known = co_await store_.read(read);
        if (known) co_return false;
    }
    Provider& provider = *providers_.find(finding.provider);
    const auto destroyed = co_await (provider.*planned->destruction)(finding.resource);
    co_return destroyed || destroyed.error().error_class == Class::gone;
}

}  // namespace lifecycle
