#pragma once

#include <utility>

#include "system/lifecycle/options.hpp"
#include "system/ports/ports.hpp"
#include "system/providers/providers.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// What each part of the system works with. All of it outlives the parts.
class Part {
  public:
    Part(Store& store, Ports ports, const Providers& providers, LifecycleOptions options)
        : store_(store),
          ports_(std::move(ports)),
          providers_(providers),
          options_(std::move(options)) {}

  protected:
    Store& store_;
    Ports ports_;
    const Providers& providers_;
    LifecycleOptions options_;
};

}  // namespace lifecycle
