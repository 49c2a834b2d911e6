#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system/rows/page.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// One thing that happened to a machine.
struct HistoryEntry {
    std::int64_t number = 0;
    Time at{};
    std::string what;
    std::string detail;
};

void record_history(Tx& tx, std::string_view machine, Time at, std::string_view what,
                    std::string_view detail);
// Oldest first; the page goes by number.
std::vector<HistoryEntry> history_of(ReadTx& tx, std::string_view machine, const Page& page);

}  // namespace lifecycle
