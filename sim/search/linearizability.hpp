#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

// Whether a history of calls on one object could have come from a sequential one: Wing and Gong's
// search with Lowe's memory of what was tried. Partition a history by object before it comes here:
// the search is exponential in the calls that overlap.
namespace sim::search {

// A call by its client's view. One that never returned may have taken effect at any time since it
// was invoked, or not at all.
template <class Action>
struct Call {
    static constexpr std::uint64_t kNever = ~std::uint64_t{0};
    Action action;
    std::uint64_t invoked = 0;  // any clock that orders invocations and returns
    std::uint64_t returned = kNever;
};

// `Model` has a State that can be compared with <, and `next(State, Action)`: the states that the
// action, with the answer that it got, may lead to; none if it cannot have got that answer.
// True too if the search grew beyond `most` steps: a history is not called wrong on a guess.
template <class Model, class Action>
bool is_linearizable(const std::vector<Call<Action>>& calls, const Model& model,
                     typename Model::State initial, std::uint64_t most = 200'000) {
    using State = typename Model::State;
    using Done = std::vector<bool>;
    std::set<std::pair<Done, State>> tried;
    std::vector<std::pair<Done, State>> open = {{Done(calls.size(), false), initial}};
    std::uint64_t steps = 0;
    while (!open.empty()) {
        auto [done, state] = std::move(open.back());
        open.pop_back();
        if (!tried.emplace(done, state).second) continue;
        if (++steps > most) return true;
        // Only what was invoked before the first return of the rest can come next.
        std::uint64_t first_return = Call<Action>::kNever;
        bool all_returned_done = true;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            if (done[i] || calls[i].returned == Call<Action>::kNever) continue;
            all_returned_done = false;
            first_return = std::min(first_return, calls[i].returned);
        }
        if (all_returned_done) return true;
        for (std::size_t i = calls.size(); i-- > 0;) {
            if (done[i] || calls[i].invoked > first_return) continue;
            for (State& after : model.next(state, calls[i].action)) {
                Done with = done;
                with[i] = true;
                open.emplace_back(std::move(with), std::move(after));
            }
        }
    }
    return false;
}

}  // namespace sim::search
