#include "system/monitor/watchdog.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/concurrency/contain.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/reasons.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"

namespace lifecycle {
Watchdog::Watchdog(Store& store, Ports ports, const Providers& providers, Outbox& outbox,
                   WatchdogOptions options, MachineDefaults defaults)
    : Component(store, std::move(ports), providers),
      outbox_(outbox),
      options_(options),
      defaults_(std::move(defaults)),
      rounds_(ports_.clock) {}

boost::asio::awaitable<void> Watchdog::run() {
    while (!rounds_.stopped() && options_.every.count() > 0) {
        const bool raised = co_await rounds_.rest(options_.every);
        static_cast<void>(raised);
        if (rounds_.stopped()) co_return;
        const Ending ending = co_await contain(&ports_.telemetry, "watchdog", look());
        static_cast<void>(ending);
    }
}

boost::asio::awaitable<void> Watchdog::look() {
    auto read = [](ReadTx& tx) -> std::vector<Watch> { return watches(tx); };
    auto active = co_await store_.read(std::move(read));
    // Beats may be among what could not be written since the last look.
    const std::uint64_t refusals = store_.refusals();
    if (std::exchange(refusals_, refusals) != refusals) watched_.clear();
    remember(active);
    co_await forgive(std::move(active));
    if (tripped()) co_return;
    for (const std::string& machine : quiet_for(options_.max_silent_looks)) {
        if (rounds_.stopped()) co_return;
        co_await judge(machine, watched_[machine].beats);
    }
}

void Watchdog::remember(const std::vector<Watch>& watches) {
    std::map<std::string, Watched> watched;
    for (const Watch& watch : watches) {
        const auto known = watched_.find(watch.machine);
        Watched now{watch.beats, 0};
        if (known != watched_.end() && known->second.beats == watch.beats) {
            now.looks = known->second.looks + 1;
        }
        watched[watch.machine] = now;
    }
    watched_ = std::move(watched);
}

std::vector<std::string> Watchdog::quiet_for(std::int64_t looks) const {
    std::vector<std::string> quiet;
    for (const auto& [machine, watched] : watched_) {
        if (watched.looks >= looks) quiet.push_back(machine);
    }
    return quiet;
}

bool Watchdog::tripped() {
    constexpr std::size_t kFewest = 3;
    // Those that fell silent together do not reach the end of our patience together.
    const std::size_t quiet = quiet_for((options_.max_silent_looks + 1) / 2).size();
    const auto percent = static_cast<std::size_t>(options_.breaker_percent);
    if (quiet < kFewest || quiet * 100 <= watched_.size() * percent) return false;
    ports_.telemetry.record("watchdog.breaker",
                            {{"silent", static_cast<std::int64_t>(quiet)},
                             {"active", static_cast<std::int64_t>(watched_.size())}});
    return true;
}

boost::asio::awaitable<void> Watchdog::forgive(std::vector<Watch> watches) {
    std::erase_if(watches, [this](const Watch& watch) {
        return watch.recreations == 0 || watch.beats < 2 * options_.max_silent_looks;
    });
    if (watches.empty()) co_return;
    auto reset = [&watches](Tx& tx) {
        for (const Watch& watch : watches) set_recreations(tx, watch.project, 0);
    };
    co_await store_.transact(reset);
}

boost::asio::awaitable<void> Watchdog::judge(std::string id, std::int64_t beats) {
    auto read = [&id](ReadTx& tx) -> std::optional<Machine> { return find_machine(tx, id); };
    const auto found = co_await store_.read(read);
    if (!found || found->external_id.empty()) co_return;
    const Machine& machine = *found;
    Provider* provider = providers_.find(machine.provider);
    if (provider == nullptr) co_return;
    const auto resource = co_await provider->get(machine.external_id);
    if (!resource || resource->state != ResourceState::started) co_return;
    auto change = [this, &machine, beats, partial = resource->partial](Tx& tx) -> bool {
        // It may have been heard while its provider was asked.
        if (presence_of(tx, machine.id).beats != beats) return false;
        if (!partial || machine.volume.empty()) return replace(tx, machine);
        // The provider does not reach its host, and tells what it remembers. What the machine
        // mounts is there and nowhere else, and may come back with it.
        open_error(tx, machine.project, ErrorSubject::silence, machine.id,
                   fmt::format("machine {} is silent, and the provider does not reach its host: it "
                               "is waited for, or recreate it yourself",
                               machine.id),
                   ports_.clock.now());
        return false;
    };
    const auto replaced = co_await store_.transact(change);
    if (replaced) outbox_.wake();
}

bool Watchdog::replace(Tx& tx, const Machine& machine) {
    const Time now = ports_.clock.now();
    const std::int64_t made = recreations_of(tx, machine.project);
    if (made >= options_.max_recreations) {
        const std::string verdict = fmt::format(
            "machine {} is silent, and so were the {} before it: look at its log, and recreate it "
            "yourself",
            machine.id, made);
        open_error(tx, machine.project, ErrorSubject::silence, machine.id, verdict, now);
        return false;
    }
    const auto recreated = recreate_machine(tx, machine.project, machine.id,
                                            to_text(Reason::no_sign_of_life), defaults_, now);
    if (!recreated || recreated->joined) return false;
    set_recreations(tx, machine.project, made + 1);
    open_error(tx, machine.project, ErrorSubject::silence, machine.id,
               fmt::format("machine {} gave no sign of life and is being replaced", machine.id),
               now);
    return true;
}

}  // namespace lifecycle
