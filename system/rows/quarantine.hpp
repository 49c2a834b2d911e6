#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "system/store/store.hpp"

// Resources that have our identity and that no row knows. Each runs in the transaction given.
namespace lifecycle {

struct Quarantined {
    std::string provider;
    std::string resource;  // external id
    std::string machine;   // that it says it is
    Time first_seen{};
    Time last_seen{};
    Duration watched{0};  // time over which it was seen again and again
};

// It was seen without a row. The time since the look before counts, and of a long gap only
// `longest`: neither a clock that was set nor a stop of the server makes the watch look long.
Quarantined record_quarantined(Tx& tx, std::string_view provider, std::string_view resource,
                               std::string_view machine, Time now, Duration longest);

// By provider and id.
std::vector<Quarantined> quarantined(ReadTx& tx);

// It is gone, or somebody's again: what was seen of it says nothing any more.
void forget_quarantined(Tx& tx, std::string_view provider, std::string_view resource);

}  // namespace lifecycle
