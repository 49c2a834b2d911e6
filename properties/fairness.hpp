#pragma once

#include <memory>

#include "properties/property.hpp"

namespace properties {

// No provider that does not answer keeps the control plane from working with the others.
std::unique_ptr<Property> nobody_starves();

}  // namespace properties
