#include "scenarios/durable/entries.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace scenarios {
namespace {

using lifecycle::Duration;
using lifecycle::Time;

Entry* find(Entries& all, std::string_view dedupe) {
    const auto found =
        std::ranges::find_if(all, [&](const auto& each) { return each.second.dedupe == dedupe; });
    return found == all.end() ? nullptr : &found->second;
}

}  // namespace

Entries entries_in(lifecycle::ReadTx& tx) {
    Entries all;
    const auto rows = tx.all(
        "SELECT id, kind, subject, ordering_key, dedupe_key, machine, lane, share, state,"
        " lease_owner, outcome, died_of, available_at, created_at, attempts, deliveries, unsettled,"
        " lease_epoch, hastened_to, again_at FROM outbox_event ORDER BY id",
        {}, [](const lifecycle::Row& row) {
            return Entry{row.integer(0),  row.text(1),     row.text(2),     row.text(3),
                         row.text(4),     row.text(5),     row.text(6),     row.text(7),
                         row.text(8),     row.text(9),     row.text(10),    row.text(11),
                         row.integer(12), row.integer(13), row.integer(14), row.integer(15),
                         row.integer(16), row.integer(17), row.integer(18), row.integer(19)};
        });
    for (const Entry& entry : rows) all.emplace(entry.id, entry);
    return all;
}

std::string difference(const Entry& expected, const Entry& seen) {
    std::string text;
    const auto compare = [&](std::string_view name, const auto& one, const auto& other) {
        if (one != other) text += fmt::format(" {} is {} and not {};", name, other, one);
    };
    compare("kind", expected.kind, seen.kind);
    compare("subject", expected.subject, seen.subject);
    compare("ordering_key", expected.key, seen.key);
    compare("dedupe_key", expected.dedupe, seen.dedupe);
    compare("machine", expected.machine, seen.machine);
    compare("lane", expected.lane, seen.lane);
    compare("share", expected.share, seen.share);
    compare("state", expected.state, seen.state);
    compare("lease_owner", expected.owner, seen.owner);
    compare("outcome", expected.outcome, seen.outcome);
    compare("died_of", expected.died_of, seen.died_of);
    compare("available_at", expected.available_at, seen.available_at);
    compare("created_at", expected.created_at, seen.created_at);
    compare("attempts", expected.attempts, seen.attempts);
    compare("deliveries", expected.deliveries, seen.deliveries);
    compare("unsettled", expected.unsettled, seen.unsettled);
    compare("lease_epoch", expected.epoch, seen.epoch);
    compare("hastened_to", expected.hastened_to, seen.hastened_to);
    compare("again_at", expected.again_at, seen.again_at);
    return text;
}

bool accept(Entries& all, const lifecycle::NewEvent& event, Time now) {
    if (find(all, event.dedupe_key) != nullptr) return false;
    using lifecycle::Work;
    static const std::map<Work, std::string> words = {{Work::make, "make"},   {Work::end, "end"},
                                                      {Work::box, "box"},     {Work::hand, "hand"},
                                                      {Work::route, "route"}, {Work::rows, "rows"}};
    Entry entry;
    entry.id = all.empty() ? 1 : all.rbegin()->first + 1;
    entry.kind = event.kind.name;
    entry.subject = event.subject;
    entry.key = event.ordering_key;
    entry.dedupe = event.dedupe_key;
    entry.machine = event.machine;
    entry.lane = std::string(event.lane.provider) + "/" + words.at(event.lane.work);
    entry.share = event.lane.share;
    entry.available_at = lifecycle::count_of(event.available_at);
    entry.created_at = lifecycle::count_of(now);
    all.emplace(entry.id, entry);
    return true;
}

void arm(Entries& all, std::string_view dedupe, Duration apart, Time now, Time when) {
    Entry* entry = find(all, dedupe);
    const std::int64_t present = lifecycle::count_of(now);
    if (entry == nullptr) return;
    const bool young = entry->created_at <= present && entry->created_at > present - apart.count();
    if (young || (entry->pending() && entry->owner.empty())) return;
    if (entry->pending()) {
        entry->again_at = lifecycle::count_of(when);
        return;
    }
    entry->state = "pending";
    entry->available_at = lifecycle::count_of(when);
    entry->created_at = present;
    entry->attempts = entry->deliveries = entry->unsettled = 0;
    entry->died_of.clear();
}

void hasten(Entries& all, std::string_view dedupe, Time when) {
    Entry* entry = find(all, dedupe);
    const std::int64_t by = lifecycle::count_of(when);
    if (entry == nullptr || !entry->pending()) return;
    if (entry->owner.empty()) {
        entry->available_at = std::min(entry->available_at, by);
    } else if (entry->hastened_to == 0 || by < entry->hastened_to) {
        entry->hastened_to = by;
    }
}

void ask_again(Entries& all, const lifecycle::NewEvent& event, Time now) {
    if (accept(all, event, now)) return;
    arm(all, event.dedupe_key, Duration(0), now, event.available_at);
    hasten(all, event.dedupe_key, event.available_at);
}

std::map<std::string, std::int64_t> measured(const Entries& all, Time now) {
    std::map<std::string, std::int64_t> gauges = {
        {"outbox_depth", 0}, {"outbox_dead", 0}, {"outbox_oldest_due_seconds", 0}};
    for (const auto& [id, entry] : all) {
        if (entry.state == "dead") ++gauges["outbox_dead"];
        if (!entry.pending()) continue;
        ++gauges["outbox_depth"];
        std::int64_t& oldest = gauges["outbox_oldest_due_seconds"];
        oldest = std::max(oldest, (lifecycle::count_of(now) - entry.available_at) / 1'000'000);
    }
    return gauges;
}

}  // namespace scenarios
