#pragma once

#include <string>

#include "properties/failure_file.hpp"

// What the verbs share in judging what they were given.
namespace reports {

lifecycle::Result<const scenarios::Scenario*> known_scenario(const std::string& name);

// Says so with the reason of the last failed call.
lifecycle::Error cannot_write(const std::string& path);

}  // namespace reports
