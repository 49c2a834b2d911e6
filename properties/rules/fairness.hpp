#pragma once

#include <memory>

#include "properties/property.hpp"

namespace properties {

// No provider that does not answer keeps the control plane from working with the others.
std::unique_ptr<Property> nobody_starves();

// An outage of a provider is said, for as long as it lasts.
std::unique_ptr<Property> outage_is_said();

// No clock that is set makes anything due, or a lease run out, before its time.
std::unique_ptr<Property> nothing_early();
// Reads while the store cannot be written.
std::unique_ptr<Property> reads_go_on();

}  // namespace properties
