#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/durable/entries.hpp"
#include "system/outbox/event.hpp"
#include "system/outbox/outbox.hpp"

namespace scenarios {

// What an outbox does with events that it was given.
inline constexpr const char* kOutboxBehaves = "outbox-behaves";
inline constexpr const char* kOutboxBehavesSentence =
    "An outbox accepts each event once, has it handled when it is due, in order of its key and of "
    "how long it waits, by one worker at a time within its lane and share, and keeps what came of "
    "it, to the microsecond.";

// How a kind is handled, as its consumer was told. One that is not known has no consumer.
struct KindTerms {
    lifecycle::Patience patience = lifecycle::ForEver{};
    lifecycle::Duration first{0}, longest{0};  // of its backoff
    std::function<bool(const std::string& subject)> obsolete = {};
};
struct WorkerTerms {
    lifecycle::Duration lease{0}, poll{0};
    std::int64_t slots = 0, share = 0, max_unsettled = 0;
};

// What the table has to be like, written from what system/outbox promises and not from how it is
// done. Workers tell what they do; each commit has to be what they may do then, and what they have
// to do has to be done by then.
class Ledger {
  public:
    using Time = lifecycle::Time;
    using Duration = lifecycle::Duration;

    std::map<std::string, KindTerms, std::less<>> kinds;
    WorkerTerms terms;
    std::function<void(std::string)> broken;

    const Entries& entries() const { return entries_; }
    bool settled() const;  // nothing is pending

    // The changes that a transaction of this step of the world makes beside the outbox's own.
    Entries& stage(std::uint64_t step);
    // A commit by that worker, whose outbox told those lines; `all` is the table after it.
    void committed(const std::string& worker, std::uint64_t step, Time now,
                   const std::set<std::int64_t>& changed, const Entries& all,
                   const std::vector<std::string>& told);
    // A transaction is over that may have had nothing to commit.
    void over(std::uint64_t step);

    void up(const std::string& worker, Time now);
    void down(const std::string& worker);
    // Something keeps it from its work until then; so far, for ever.
    void hindered(const std::string& worker, Time until);
    // It was told to look.
    void woken(const std::string& worker, Time now);
    void stopped(const std::string& worker, Time now) { workers_[worker].stopped_at = now; }

    // Its consumer is called.
    void begins(const std::string& worker, Time now, const lifecycle::Event& event);
    // What the consumer says, before the outbox hears it; `drawn` is the chance of its backoff.
    void returns(const std::string& worker, Time now, const lifecycle::Event& event,
                 lifecycle::Outcome outcome, bool judged = true);
    void throws(const std::string& worker, Time now, const lifecycle::Event& event);
    // A quarter of the backoff, times that, is added to the next failure of that worker.
    void chance(const std::string& worker, Time now, std::uint64_t drawn, std::uint64_t bound);
    bool holds(const lifecycle::Event& event) const;
    // Told outside of a commit.
    void told_lost(const std::string& worker, Time now, std::int64_t event, std::int64_t epoch);

  private:
    struct Hold {
        std::int64_t epoch = 0;
        std::string lane, share;
        Time renewed_at{};
        std::optional<lifecycle::Outcome> outcome;
        Time returned_at{};
        bool judged = true;
        bool begun = false;
        bool lingers = false;  // it has ended in this very moment
    };
    struct Worker {
        bool up = false;
        std::optional<Time> stopped_at;
        Time hindered_until{};
        std::map<std::int64_t, Hold> holds;
        Time freed_at{};  // the last time that it had room again
        std::vector<std::pair<std::int64_t, std::int64_t>> drawn;  // the last, out of how many
        Time drawn_at{};
    };
    struct News {
        Time at{};                             // of the last change that may let it be taken
        std::map<std::string, Time> known_at;  // by workers that have surely looked since
    };

    void note(Entries& next, Time now, const std::string& knows);
    void looks(const std::string& worker, Time now);
    bool is_first(const Entries& all, const Entry& entry) const;
    bool has_room(const Worker& worker, const Entry& entry, bool surely) const;
    void look_for_overdue(Time now);
    void look_at_holds(const std::string& name, Worker& worker, Time now);
    Entry claimed(const std::string& name, Worker& worker, const Entry& before, Time now,
                  const Entries& all, std::vector<std::string>& tells);
    Entry renewed(Worker& worker, const Entry& before, Time now);
    Entry settled(const std::string& name, Worker& worker, const Entry& before, const Entry& seen,
                  Time now, std::vector<std::string>& tells);
    void decide(const Hold& hold, const Entry& before, const Entry& seen, const Worker& worker,
                Entry& after, Time now, std::string& step, std::vector<std::string>& words) const;
    Duration backoff(const KindTerms& kind, std::int64_t attempts) const;
    Duration hidden(std::int64_t unsettled) const;
    void end(const std::string& name, std::int64_t id, Time now);
    void settle_down(Worker& worker, Time now);
    void expect(bool held, const std::string& message) const {
        if (!held) broken(message);
    }

    Entries entries_;
    std::optional<Entries> staged_;
    std::uint64_t staged_in_ = 0;
    std::map<std::string, Worker> workers_;
    std::map<std::int64_t, News> news_;
    Time lingering_since_{};
};

}  // namespace scenarios
