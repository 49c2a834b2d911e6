#include "system/store/timeline.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "system/concurrency/contain.hpp"

namespace lifecycle {
namespace {

constexpr Duration kLookEvery = std::chrono::minutes(1);
// After a start of the host no more than this is forgotten if the wall clock was set back.
constexpr Duration kRecordEvery = std::chrono::minutes(10);
// Further than a clock is moved by those who correct it gently.
constexpr Duration kSet = std::chrono::seconds(1);

struct Recorded {
    std::string origin;
    Duration steady;
    Time reached;
    Time wall;
};

Recorded recorded_of(const Row& row) {
    return {row.text(0), Duration(row.integer(1)), row.time_at(2), row.time_at(3)};
}

}  // namespace

Timeline::Timeline(Store& store, Clock& outside, Telemetry& telemetry)
    : store_(store), outside_(outside), telemetry_(telemetry), rounds_(*this) {
    auto go_on = [this](Tx& tx) -> Result<bool> {
        const auto last =
            tx.first("SELECT origin, steady, reached, wall FROM timeline", {}, recorded_of);
        const Duration reading = steady().time_since_epoch();
        Time reached = wall();
        if (last && !last->origin.empty() && last->origin == origin()) {
            reached = last->reached + (reading - last->steady);
        } else if (last) {
            reached = last->reached + std::max(Duration(0), wall() - last->wall);
        }
        zero_ = reached.time_since_epoch() - reading;
        if (!last) {
            tx.run(
                "INSERT INTO timeline (id, origin, steady, reached, wall) VALUES (1, '', 0, 0, 0)");
        }
        record(tx);
        return true;
    };
    static_cast<void>(store.transact_now(go_on));
    recorded_ahead_ = ahead();
    recorded_at_ = now();
}

TimerId Timeline::schedule(Time when, std::move_only_function<void()> callback) {
    return outside_.schedule(outside_.now() + (when - now()), std::move(callback));
}

void Timeline::record(Tx& tx) {
    // Any process of this host would write the same.
    const SteadyTime reading = steady();
    tx.run("UPDATE timeline SET origin = ?, steady = ?, reached = ?, wall = ?",
           {origin(), reading.time_since_epoch().count(),
            (zero_ + reading.time_since_epoch()).count(), count_of(wall())});
}

boost::asio::awaitable<void> Timeline::run() {
    while (!rounds_.stopped()) {
        const bool woken = co_await rounds_.rest(kLookEvery);
        static_cast<void>(woken);
        if (rounds_.stopped()) co_return;
        const Ending ending = co_await contain(&telemetry_, "timeline", look());
        static_cast<void>(ending);
    }
}

boost::asio::awaitable<void> Timeline::look() {
    const Duration by = ahead() - recorded_ahead_;
    const bool set = by > kSet || by < -kSet;
    if (!set && now() - recorded_at_ < kRecordEvery) co_return;
    auto write = [this](Tx& tx) { record(tx); };
    co_await store_.transact(std::move(write));
    recorded_at_ = now();
    recorded_ahead_ = ahead();
    if (set) telemetry_.record("clock.set", {{"by_ms", std::int64_t{by.count() / 1000}}});
}

}  // namespace lifecycle
