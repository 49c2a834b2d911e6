#pragma once

#include <cstdint>
#include <utility>

#include "system/ports/ports.hpp"
#include "system/providers/providers.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// How often in a row nothing must be found of what is to be gone before it is believed.
inline constexpr std::int64_t kAbsentLooks = 5;

// What each part of the system works with. All of it outlives the parts.
class Component {
  public:
    Component(Store& store, Ports ports, const Providers& providers)
        : store_(store), ports_(std::move(ports)), providers_(providers) {}

  protected:
    Store& store_;
    Ports ports_;
    const Providers& providers_;
};

}  // namespace lifecycle
