#include "scenarios/durable/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace scenarios {
namespace {

using lifecycle::Done;
using lifecycle::Duration;
using lifecycle::GiveUp;
using lifecycle::Later;
using lifecycle::Retry;
using lifecycle::Time;
using std::chrono::hours;

}  // namespace

bool Ledger::settled() const {
    return std::ranges::none_of(entries_, [](const auto& each) { return each.second.pending(); });
}

Entries& Ledger::stage(std::uint64_t step) {
    staged_ = entries_;
    staged_in_ = step;
    return *staged_;
}

// The longest that an event is hidden is an hour, unless a lease is longer than that: from the
// third taking in a row on, twice as long as by the one before.
Duration Ledger::hidden(std::int64_t unsettled) const {
    Duration time = terms.lease;
    for (std::int64_t taking = 3; taking <= unsettled && time < hours(1); ++taking) time *= 2;
    return std::max(terms.lease, std::min<Duration>(time, hours(1)));
}

bool Ledger::is_first(const Entries& all, const Entry& entry) const {
    return std::ranges::none_of(all, [&](const auto& each) {
        const Entry& other = each.second;
        return other.pending() && other.key == entry.key && other.id < entry.id;
    });
}

bool Ledger::has_room(const Worker& worker, const Entry& entry, bool surely) const {
    std::int64_t of_lane = 0;
    std::int64_t of_share = 0;
    for (const auto& [id, hold] : worker.holds) {
        if (hold.lingers && !surely) continue;
        if (id == entry.id) return false;
        of_lane += hold.lane == entry.lane ? 1 : 0;
        of_share += hold.lane == entry.lane && hold.share == entry.share ? 1 : 0;
    }
    return of_lane < terms.slots && (entry.share.empty() || of_share < terms.share);
}

void Ledger::settle_down(Worker& worker, Time now) {
    if (now == lingering_since_) return;
    std::erase_if(worker.holds, [](const auto& hold) { return hold.second.lingers; });
}

void Ledger::look_for_overdue(Time now) {
    for (auto& [name, worker] : workers_) {
        settle_down(worker, now);
        if (!worker.up || worker.stopped_at) continue;
        for (const auto& [id, entry] : entries_) {
            if (!entry.pending() || entry.available_at > lifecycle::count_of(now)) continue;
            if (!is_first(entries_, entry) || !has_room(worker, entry, true)) continue;
            const Time due{Duration(entry.available_at)};
            const News& news = news_[id];
            const Time since = std::max({due, news.at, worker.freed_at, worker.hindered_until});
            const auto known = news.known_at.find(name);
            const Time by =
                known == news.known_at.end() ? since + terms.poll : std::max(since, known->second);
            expect(now <= by, fmt::format("event {} is due since {} us, and {} does not take it",
                                          id, (now - since).count(), name));
        }
        look_at_holds(name, worker, now);
    }
}

void Ledger::look_at_holds(const std::string& name, Worker& worker, Time now) {
    for (const auto& [id, hold] : worker.holds) {
        if (hold.lingers || worker.hindered_until > now) continue;
        if (hold.outcome) {
            expect(now <= std::max(hold.returned_at, worker.hindered_until),
                   fmt::format("{} does not settle event {}", name, id));
        } else if (entries_.at(id).epoch == hold.epoch) {
            const Time by = std::max(hold.renewed_at, worker.hindered_until) + terms.lease / 3;
            expect(now <= by, fmt::format("{} does not renew its lease of event {}", name, id));
            expect(hold.begun || now <= std::max(hold.renewed_at, worker.hindered_until),
                   fmt::format("{} does not handle event {}", name, id));
        }
    }
}

Entry Ledger::claimed(const std::string& name, Worker& worker, const Entry& before, Time now,
                      const Entries& all, std::vector<std::string>& tells) {
    const std::int64_t present = lifecycle::count_of(now);
    const std::string who = fmt::format("{} takes event {} and ", name, before.id);
    expect(!worker.stopped_at || *worker.stopped_at == now, who + "was stopped");
    expect(before.pending() && before.available_at <= present, who + "it is not due");
    expect(is_first(all, before), who + "an older one of its key is not done");
    expect(has_room(worker, before, false), who + "has no room");
    for (const auto& [id, other] : all) {
        if (!other.pending() || other.available_at > present || !is_first(all, other)) continue;
        if (!has_room(worker, other, true)) continue;
        expect(std::pair(other.available_at, id) >= std::pair(before.available_at, before.id),
               who + fmt::format("event {} waits longer", id));
    }
    Entry after = before;
    ++after.deliveries;
    ++after.unsettled;
    ++after.epoch;
    after.owner = name;
    after.hastened_to = after.again_at = 0;
    after.available_at = present + hidden(after.unsettled).count();
    Hold hold;
    hold.epoch = after.epoch;
    hold.lane = after.lane;
    hold.share = after.share;
    hold.renewed_at = now;
    const auto kind = kinds.find(after.kind);
    if (kind == kinds.end()) {
        hold.outcome = GiveUp{after.kind};
    } else if (!std::holds_alternative<lifecycle::ForEver>(kind->second.patience) &&
               after.unsettled > terms.max_unsettled) {
        hold.outcome = GiveUp{std::to_string(after.unsettled - 1), lifecycle::DeathCause::poison};
    }
    hold.returned_at = now;
    worker.holds[after.id] = hold;
    tells.push_back(fmt::format("outbox.claimed event={} kind={} machine={} epoch={}", after.id,
                                after.kind, after.machine, after.epoch));
    if (after.unsettled > 5) {
        tells.push_back(fmt::format("poison.suspected event={} kind={} machine={} taken={}",
                                    after.id, after.kind, after.machine, after.unsettled));
    }
    return after;
}

Entry Ledger::renewed(Worker& worker, const Entry& before, Time now) {
    Hold& hold = worker.holds.at(before.id);
    const bool late = worker.hindered_until > hold.renewed_at;
    expect(
        late || now - hold.renewed_at == terms.lease / 3,
        fmt::format("event {} is renewed after {} us", before.id, (now - hold.renewed_at).count()));
    hold.renewed_at = now;
    Entry after = before;
    after.available_at = lifecycle::count_of(now) + hidden(before.unsettled).count();
    return after;
}

Duration Ledger::backoff(const KindTerms& kind, std::int64_t attempts) const {
    Duration plain = kind.first;
    for (std::int64_t i = 0; i < std::min<std::int64_t>(attempts, 20); ++i) {
        plain = std::min(plain * 2, kind.longest);
    }
    return std::min(plain, kind.longest);
}

void Ledger::decide(const Hold& hold, const Entry& before, const Entry& seen, const Worker& worker,
                    Entry& after, Time now, std::string& step,
                    std::vector<std::string>& words) const {
    const auto known = kinds.find(before.kind);
    const KindTerms kind = known == kinds.end() ? KindTerms{} : known->second;
    lifecycle::Outcome outcome = *hold.outcome;
    const auto* retry = std::get_if<Retry>(&outcome);
    const auto* later = std::get_if<Later>(&outcome);
    const auto* within = std::get_if<lifecycle::Within>(&kind.patience);
    const std::int64_t age = lifecycle::count_of(hold.returned_at) - before.created_at;
    const bool patience_over =
        hold.judged && within != nullptr && (retry || later) && age >= within->time.count();
    if (patience_over) {
        words.push_back(std::to_string(within->time.count() / 60'000'000) + " minutes");
        outcome = GiveUp{retry != nullptr ? retry->reason : later->reason,
                         lifecycle::DeathCause::patience};
        retry = nullptr;
        later = nullptr;
    }
    after.owner.clear();
    after.unsettled = 0;
    if (const auto* done = std::get_if<Done>(&outcome)) {
        step = "done";
        words.push_back(done->note);
        after.state = "done";
    } else if (retry != nullptr || later != nullptr) {
        step = retry != nullptr ? "retry" : "later";
        words.push_back(retry != nullptr ? retry->reason : later->reason);
        Duration after_all = later != nullptr ? later->after : Duration(0);
        if (retry != nullptr) {
            const Duration plain = backoff(kind, before.attempts);
            const bool drawn =
                !worker.drawn.empty() && now <= std::max(worker.drawn_at, worker.hindered_until);
            expect(drawn, "no chance is in how long a failure waits");
            if (!drawn) return;
            for (const auto& [chance, bound] : worker.drawn) {
                // Up to a quarter more.
                const Duration jitter = plain * chance / (4 * bound);
                after_all = std::max(retry->at_least, plain + jitter);
                if (lifecycle::count_of(now + after_all) == seen.available_at) break;
            }
            ++after.attempts;
        }
        after.available_at = lifecycle::count_of(now + after_all);
        if (before.hastened_to != 0) {
            after.available_at = std::min(after.available_at, before.hastened_to);
        }
    } else if (const auto* give_up = std::get_if<GiveUp>(&outcome)) {
        words.push_back(give_up->reason);
        const bool obsolete = kind.obsolete && kind.obsolete(before.subject);
        step = obsolete ? "done" : "dead";
        after.state = step;
        using lifecycle::DeathCause;
        static const std::map<DeathCause, std::string> causes = {{DeathCause::answer, "answer"},
                                                                 {DeathCause::patience, "patience"},
                                                                 {DeathCause::poison, "poison"}};
        const DeathCause why = hold.begun && !patience_over ? DeathCause::answer : give_up->cause;
        if (!obsolete) after.died_of = causes.at(why);
    }
    if (after.state == "done" && before.again_at != 0) {
        after.state = "pending";
        after.available_at = after.created_at = before.again_at;
        after.attempts = 0;
    }
}

Entry Ledger::settled(const std::string& name, Worker& worker, const Entry& before,
                      const Entry& seen, Time now, std::vector<std::string>& tells) {
    const Hold hold = worker.holds.at(before.id);
    const bool waited = worker.hindered_until > hold.returned_at;
    expect(waited || now == hold.returned_at,
           fmt::format("{} settles event {} late", name, before.id));
    Entry after = before;
    std::string step;
    std::vector<std::string> words;
    decide(hold, before, seen, worker, after, now, step, words);
    for (const std::string& word : words) {
        expect(seen.outcome.contains(word),
               fmt::format("event {} came to \"{}\", and nobody is told \"{}\"", before.id,
                           seen.outcome, word));
    }
    after.outcome = seen.outcome;
    tells.push_back(fmt::format("outbox.{} event={} kind={} machine={} epoch={} why=", step,
                                before.id, before.kind, before.machine, before.epoch));
    end(name, before.id, now);
    return after;
}

void Ledger::end(const std::string& name, std::int64_t id, Time now) {
    Worker& worker = workers_[name];
    worker.holds.at(id).lingers = true;
    worker.holds.at(id).outcome.reset();
    worker.freed_at = now;
    looks(name, now);
    lingering_since_ = now;
}

void Ledger::note(Entries& next, Time now, const std::string& knows) {
    for (const auto& [id, entry] : next) {
        const auto before = entries_.find(id);
        const bool was = before != entries_.end() && before->second.pending() &&
                         is_first(entries_, before->second) &&
                         before->second.available_at == entry.available_at;
        if (entry.pending() && is_first(next, entry) && !was) {
            news_[id] = {now, {}};
            if (!knows.empty()) news_[id].known_at.emplace(knows, now);
        }
    }
}

void Ledger::committed(const std::string& name, std::uint64_t step, Time now,
                       const std::set<std::int64_t>& changed, const Entries& all,
                       const std::vector<std::string>& told) {
    look_for_overdue(now);
    Worker& worker = workers_[name];
    Entries next = entries_;
    if (staged_ && staged_in_ == step) next = *staged_;
    staged_.reset();
    std::vector<std::string> tells;
    for (const auto& [id, seen] : all) {
        const auto expected = next.find(id);
        if (expected == next.end()) {
            expect(false, fmt::format("event {} came from nowhere", id));
            next.emplace(id, seen);
            continue;
        }
        Entry& entry = expected->second;
        const auto hold = worker.holds.find(id);
        const bool own = changed.contains(id) && !difference(entry, seen).empty();
        if (own && seen.epoch == entry.epoch + 1) {
            entry = claimed(name, worker, entry, now, next, tells);
            looks(name, now);
        } else if (own && hold != worker.holds.end() && entry.owner == name &&
                   hold->second.epoch == entry.epoch) {
            // Who cannot write yet what came of it may still renew the lease before that.
            const bool ends = hold->second.outcome && seen.owner.empty();
            entry =
                ends ? settled(name, worker, entry, seen, now, tells) : renewed(worker, entry, now);
        }
        const std::string odd = difference(entry, seen);
        expect(odd.empty(), fmt::format("of event {},{}", id, odd));
        entry = seen;
    }
    expect(next.size() == all.size(), "an event is gone");
    std::vector<std::string> lines = told;
    for (std::string& line : lines) {
        const std::size_t why = line.find(" why=");
        if (why != std::string::npos) {
            expect(std::ranges::any_of(all,
                                       [&](const auto& each) {
                                           return changed.contains(each.first) &&
                                                  line.ends_with(" why=" + each.second.outcome);
                                       }) ||
                       line.starts_with("outbox.dead"),
                   "why is not why: " + line);
            line.resize(why + 5);
        }
    }
    expect(lines == tells,
           fmt::format("it tells \"{}\" and not \"{}\"", lines.empty() ? "" : lines.front(),
                       tells.empty() ? "" : tells.front()));
    note(next, now, tells.empty() ? "" : name);
    entries_ = std::move(next);
}

void Ledger::over(std::uint64_t step) {
    if (!staged_ || staged_in_ != step) return;
    for (const auto& [id, entry] : *staged_) {
        const auto before = entries_.find(id);
        expect(before != entries_.end() && difference(before->second, entry).empty(),
               fmt::format("event {} should have changed, and did not", id));
    }
    staged_.reset();
}

void Ledger::up(const std::string& name, Time now) {
    Worker& worker = workers_[name];
    worker = {};
    worker.up = true;
    worker.hindered_until = now;
}

void Ledger::down(const std::string& name) {
    workers_[name].up = false;
    workers_[name].holds.clear();
}

void Ledger::woken(const std::string& name, Time now) {
    for (auto& [id, news] : news_) news.known_at.emplace(name, now);
}

void Ledger::looks(const std::string& name, Time now) {
    for (auto& [id, news] : news_) {
        if (news.at < now) news.known_at.emplace(name, now);
    }
}

void Ledger::hindered(const std::string& name, Time until) {
    workers_[name].hindered_until = until;
}

void Ledger::begins(const std::string& name, Time now, const lifecycle::Event& event) {
    Worker& worker = workers_[name];
    const auto hold = worker.holds.find(event.id);
    const bool held = hold != worker.holds.end() && hold->second.epoch == event.epoch;
    expect(held && !hold->second.begun && !hold->second.outcome &&
               now <= std::max(hold->second.renewed_at, worker.hindered_until),
           fmt::format("event {} is handled, and was not taken for that", event.id));
    if (held) hold->second.begun = true;
    const Entry& entry = entries_.at(event.id);
    const bool same = event.kind == entry.kind && event.subject == entry.subject &&
                      event.ordering_key == entry.key && event.machine == entry.machine &&
                      event.lane == entry.lane && event.share == entry.share &&
                      lifecycle::count_of(event.created_at) == entry.created_at &&
                      event.attempts == entry.attempts && event.unsettled == entry.unsettled &&
                      event.owner == name && event.epoch == entry.epoch;
    expect(same, fmt::format("event {} is another to its consumer", event.id));
}

bool Ledger::holds(const lifecycle::Event& event) const {
    const Entry& entry = entries_.at(event.id);
    return entry.pending() && entry.owner == event.owner && entry.epoch == event.epoch;
}

void Ledger::returns(const std::string& name, Time now, const lifecycle::Event& event,
                     lifecycle::Outcome outcome, bool judged) {
    const auto hold = workers_[name].holds.find(event.id);
    if (hold == workers_[name].holds.end()) return;
    hold->second.outcome = std::move(outcome);
    hold->second.returned_at = now;
    hold->second.judged = judged;
}

void Ledger::throws(const std::string& name, Time now, const lifecycle::Event& event) {
    if (workers_[name].holds.contains(event.id)) end(name, event.id, now);
}

void Ledger::chance(const std::string& name, Time now, std::uint64_t drawn, std::uint64_t bound) {
    Worker& worker = workers_[name];
    if (worker.drawn.size() > 30) worker.drawn.erase(worker.drawn.begin());
    worker.drawn_at = now;
    worker.drawn.emplace_back(static_cast<std::int64_t>(drawn), static_cast<std::int64_t>(bound));
}

void Ledger::told_lost(const std::string& name, Time now, std::int64_t event, std::int64_t epoch) {
    const auto hold = workers_[name].holds.find(event);
    expect(hold != workers_[name].holds.end() && hold->second.outcome &&
               hold->second.epoch == epoch && entries_.at(event).epoch != epoch,
           fmt::format("the lease of event {} is said to be lost", event));
    if (hold != workers_[name].holds.end()) end(name, event, now);
}

}  // namespace scenarios
