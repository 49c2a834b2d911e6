#pragma once

#include <cstdint>
#include <string>

#include "scenarios/watch/witness.hpp"

namespace properties {

// What a request to a provider is about, whatever its dialect.
struct ProviderAct {
    enum class Verb : std::uint8_t { create, destroy, start, find, other };
    Verb verb = Verb::other;
    std::string subject;  // of a create: the name; of a find: the machine's; else the id
};

ProviderAct act_of(const scenarios::ProviderCall& call);

}  // namespace properties
