#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

// What every kind of state has: names, and a table of the transitions that are legal. Each kind's
// file holds its values and its table, and asks these.
namespace lifecycle {

// The one of `all` that to_string() gives that name.
template <class State, class All>
std::optional<State> state_named(std::string_view text, const All& all) {
    const auto found =
        std::ranges::find_if(all, [&](State state) { return to_string(state) == text; });
    if (found == std::ranges::end(all)) return std::nullopt;
    return *found;
}

template <class State, class Table>
bool leads(const Table& table, State from, State to) {
    return std::ranges::find(table, std::pair(from, to)) != std::ranges::end(table);
}

// No transition leads out of it.
template <class State, class Table>
bool leads_nowhere(const Table& table, State state) {
    return std::ranges::none_of(table, [&](const auto& step) { return step.first == state; });
}

}  // namespace lifecycle
