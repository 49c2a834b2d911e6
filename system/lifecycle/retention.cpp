#include "system/lifecycle/retention.hpp"

#include <utility>

#include "system/concurrency/contain.hpp"
#include "system/rows/forgetting.hpp"

namespace lifecycle {
namespace {

// Of one transaction: a few milliseconds.
constexpr std::int64_t kBatch = 100;
constexpr std::int64_t kBatchOfMachines = 10;
constexpr Duration kBetweenBatches = std::chrono::seconds(1);

struct Batch {
    std::int64_t rows = 0;
    bool full = false;  // there may be more
    void add(std::int64_t forgotten, std::int64_t limit) {
        rows += forgotten;
        full = full || forgotten == limit;
    }
};

Batch forget(Tx& tx, Time before, const std::vector<EventKind>& repeated) {
    Batch batch;
    const auto machines = machines_over(tx, before, kBatchOfMachines);
    for (const std::string& machine : machines) forget_machine(tx, machine);
    batch.add(static_cast<std::int64_t>(machines.size()), kBatchOfMachines);
    for (const EventKind& kind : repeated) {
        batch.add(forget_events(tx, kind.name, before, kBatch), kBatch);
    }
    batch.add(forget_delegations(tx, before, kBatch), kBatch);
    batch.add(forget_history(tx, before, kBatch), kBatch);
    batch.add(forget_credentials(tx, before, kBatch), kBatch);
    batch.add(forget_errors(tx, before, kBatch), kBatch);
    batch.add(forget_requests(tx, before, kBatch), kBatch);
    batch.add(forget_volumes(tx, kBatch), kBatch);
    if (batch.rows > 0) tx.tell("retention.forgot", {{"rows", batch.rows}});
    return batch;
}

}  // namespace

Retention::Retention(Store& store, Ports ports, RetentionOptions options,
                     std::vector<EventKind> repeated)
    : store_(store),
      ports_(std::move(ports)),
      options_(options),
      repeated_(std::move(repeated)),
      rounds_(ports_.clock) {}

boost::asio::awaitable<void> Retention::run() {
    while (!rounds_.stopped() && options_.keep_for.count() > 0) {
        const bool raised = co_await rounds_.rest(options_.every);
        static_cast<void>(raised);
        if (rounds_.stopped()) co_return;
        const Ending ending = co_await contain(&ports_.telemetry, "retention", sweep());
        static_cast<void>(ending);
    }
}

boost::asio::awaitable<void> Retention::sweep() {
    for (;;) {
        auto change = [this, before = ports_.clock.now() - options_.keep_for](
                          Tx& tx) -> Result<Batch> { return forget(tx, before, repeated_); };
        const auto batch = co_await store_.transact(std::move(change));
        // A store that takes nothing now will the next time.
        if (!batch || !batch->full) co_return;
        const bool raised = co_await rounds_.rest(kBetweenBatches);
        static_cast<void>(raised);
        if (rounds_.stopped()) co_return;
    }
}

}  // namespace lifecycle
