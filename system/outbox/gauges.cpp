#include "system/outbox/gauges.hpp"

namespace lifecycle {

Meter outbox_gauges() {
    return [](ReadTx& tx, Time now) -> std::vector<Gauge> {
        const std::int64_t oldest =
            count_in(tx,
                     "SELECT COALESCE(MAX(? - available_at), 0) FROM outbox_event"
                     " WHERE state = 'pending' AND available_at <= ?",
                     {count_of(now), count_of(now)});
        return {{"outbox_depth", "",
                 count_in(tx, "SELECT COUNT(*) FROM outbox_event WHERE state = 'pending'")},
                {"outbox_oldest_due_seconds", "", oldest / 1'000'000},
                {"outbox_dead", "",
                 count_in(tx, "SELECT COUNT(*) FROM outbox_event WHERE state = 'dead'")}};
    };
}

}  // namespace lifecycle
