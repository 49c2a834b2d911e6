#pragma once

#include <memory>

#include "fakes/pace.hpp"

namespace fakes {

std::unique_ptr<Pace> daytona_pace();

}  // namespace fakes
