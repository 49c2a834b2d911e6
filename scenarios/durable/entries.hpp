#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "system/outbox/event.hpp"
#include "system/store/store.hpp"

// The outbox's table, and what a request makes of it: said once more, and not as the core does it.
namespace scenarios {

// A row of the outbox's table.
struct Entry {
    std::int64_t id = 0;
    std::string kind, subject, key, dedupe, machine, lane, share;
    std::string state = "pending", owner, outcome, died_of;
    std::int64_t available_at = 0, created_at = 0, attempts = 0, deliveries = 0, unsettled = 0;
    std::int64_t epoch = 0, hastened_to = 0, again_at = 0;
    bool pending() const { return state == "pending"; }
};
using Entries = std::map<std::int64_t, Entry>;
Entries entries_in(lifecycle::ReadTx& tx);
// In words; empty: they are the same.
std::string difference(const Entry& expected, const Entry& seen);

// The requests, as the table has to be after them. By their dedupe key, or false.
bool accept(Entries& all, const lifecycle::NewEvent& event, lifecycle::Time now);
void arm(Entries& all, std::string_view dedupe, lifecycle::Duration apart, lifecycle::Time now,
         lifecycle::Time when);
void hasten(Entries& all, std::string_view dedupe, lifecycle::Time when);
void ask_again(Entries& all, const lifecycle::NewEvent& event, lifecycle::Time now);

// What its gauges say of it.
std::map<std::string, std::int64_t> measured(const Entries& all, lifecycle::Time now);

}  // namespace scenarios
