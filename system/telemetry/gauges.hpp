#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system/lifecycle/options.hpp"
#include "system/providers/providers.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// One measured value.
struct Gauge {
    std::string name;
    std::string labels;  // as in `state="starting",provider="fly"`; empty: none
    std::int64_t value = 0;
};

// What an operator watches, read from the store: machines by state and provider, those without an
// external id, starting ones that are late, the outbox's depth and oldest age, dead letters,
// resources and volumes that are not confirmed gone. Every one is counted along an index that
// holds only what is counted; volumes, of which there are few, by their rows.
std::vector<Gauge> measure(ReadTx& tx, const LifecycleOptions& options, Time now);

// For how long each provider has been out of reach, as this process knows; 0: it is in reach.
std::vector<Gauge> measure(const Providers& providers, SteadyTime now);

}  // namespace lifecycle
