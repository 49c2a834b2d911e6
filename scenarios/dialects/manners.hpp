#pragma once

#include <vector>

#include "sim/search/scenario.hpp"

namespace scenarios {

// How often a client asks, whose turn it is, and when it takes its provider for out of reach.
inline constexpr const char* kClientBehaves = "client-behaves";
inline constexpr const char* kClientBehavesSentence =
    "A client asks as often as its provider lets it, no oftener and no later; a crowd of one kind "
    "starves no other; and it says that the provider is out of reach when, and only when, three "
    "calls in a row brought no answer.";

// For each provider one.
std::vector<sim::search::Scenario> manners();

}  // namespace scenarios
