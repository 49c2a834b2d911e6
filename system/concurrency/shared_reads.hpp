#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "system/concurrency/contain.hpp"
#include "system/concurrency/signal.hpp"
#include "system/concurrency/task_group.hpp"

namespace lifecycle {

// What a read found, for those who wait for it: "found" if it ended in time, else what was known.
template <class T>
struct Seen {
    std::optional<T> value;
    bool in_time = false;
};

// Reads that many may want at once: equal ones share a call, and nobody waits longer than it has
// patience. A read that somebody has given up goes on, for whoever asks next.
template <class T>
class SharedReads {
  public:
    using Read = std::function<boost::asio::awaitable<T>()>;

    // `what` says in the log which reads they are.
    SharedReads(Clock& clock, Telemetry& telemetry, TaskGroup& tasks, std::string what)
        : clock_(clock), telemetry_(telemetry), tasks_(tasks), what_(std::move(what)) {}

    // What is found under the key: by a read that ended no longer ago than `fresh`, by the one that
    // is in hand, or by `read`. After `patience`, what was found within the last minute.
    boost::asio::awaitable<Seen<T>> get(std::string key, Read read, Duration fresh,
                                        Duration patience) {
        const std::shared_ptr<Entry> entry = entry_of(key);
        if (entry->is_younger(clock_.now(), fresh)) co_return Seen<T>{entry->last, true};
        auto ended = std::make_shared<Signal>(clock_);
        entry->waiting.push_back(ended);
        if (!entry->reading) {
            entry->reading = true;
            tasks_.spawn(run(&clock_, &telemetry_, what_, entry, std::move(read)));
        }
        const bool in_time = co_await ended->wait_until(clock_.now() + patience);
        if (in_time && !entry->failed) co_return Seen<T>{entry->last, true};
        std::erase(entry->waiting, ended);
        if (!entry->is_younger(clock_.now(), kRemembered)) co_return Seen<T>{};
        co_return Seen<T>{entry->last, false};
    }

  private:
    static constexpr Duration kRemembered = std::chrono::minutes(1);
    struct Entry {
        bool reading = false;
        bool failed = false;  // the last one, by a bug of ours
        std::optional<T> last;
        Time ended_at{};
        std::vector<std::shared_ptr<Signal>> waiting;
        bool is_younger(Time now, Duration age) const {
            return last && now >= ended_at && now - ended_at < age;
        }
    };

    static boost::asio::awaitable<void> run(Clock* clock, Telemetry* telemetry, std::string what,
                                            std::shared_ptr<Entry> entry, Read read) {
        const Ending ending =
            co_await contain(telemetry, std::move(what), remember(clock, entry, std::move(read)));
        entry->failed = ending != Ending::completed;
        entry->reading = false;
        const std::vector<std::shared_ptr<Signal>> waiting = std::exchange(entry->waiting, {});
        for (const auto& ended : waiting) ended->raise();
    }

    static boost::asio::awaitable<void> remember(Clock* clock, std::shared_ptr<Entry> entry,
                                                 Read read) {
        T found = co_await read();
        entry->last = std::move(found);
        entry->ended_at = clock->now();
    }

    std::shared_ptr<Entry> entry_of(const std::string& key) {
        constexpr std::size_t kMany = 256;
        if (entries_.size() > kMany) {
            std::erase_if(entries_, [now = clock_.now()](const auto& known) {
                return !known.second->reading && !known.second->is_younger(now, kRemembered);
            });
        }
        std::shared_ptr<Entry>& entry = entries_[key];
        if (!entry) entry = std::make_shared<Entry>();
        return entry;
    }

    Clock& clock_;
    Telemetry& telemetry_;
    TaskGroup& tasks_;
    std::string what_;
    std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace lifecycle
