#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/model/machine.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

// Labels by which a resource says whose it is: of which installation, project and machine.
Labels ownership_labels(const Machine& machine);

// Labels that everything of one installation has.
Labels installation_labels(std::string_view installation);

// The installation that a resource says it belongs to; empty if it does not.
std::string installation_of(const Resource& resource);

// The machine that a resource says it is; empty if it does not.
std::string owner_of(const Resource& resource);

std::string project_of(const Resource& resource);
// The generation that a resource says it is of; 0 if it does not.
std::int64_t generation_of(const Resource& resource);

// Going, or gone and still readable.
bool is_leaving(const Resource& resource);

}  // namespace lifecycle
