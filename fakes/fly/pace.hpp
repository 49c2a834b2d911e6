#pragma once

#include <memory>

#include "fakes/pace.hpp"

namespace fakes {

std::unique_ptr<Pace> fly_pace();

}  // namespace fakes
