#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system/store/store.hpp"

namespace lifecycle {

// How lively a machine is.
struct Presence {
    Time seen_at{};          // of its last authenticated call
    std::int64_t beats = 0;  // authenticated calls so far
    std::int64_t boots = 0;  // that registered since `boots_since`
    Time boots_since{};
};

// Of a machine that never called: nothing ever seen.
Presence presence_of(ReadTx& tx, std::string_view machine);
// Records an authenticated call.
void record_seen(Tx& tx, std::string_view machine, Time now);
void record_boots(Tx& tx, std::string_view machine, std::int64_t boots, Time since);

// An active machine, and how many signs of life it has given so far.
struct Watch {
    std::string machine;
    std::string project;
    std::int64_t beats = 0;
    std::int64_t recreations = 0;  // of its project
};
// By id.
std::vector<Watch> watches(ReadTx& tx);

}  // namespace lifecycle
