#pragma once

#include <cstdint>
#include <string_view>

#include "system/store/store.hpp"

namespace lifecycle {

// The next number of what a project counts: a column of the project's row. Never given again,
// whatever has been forgotten since; 1 for a project that is not there.
std::int64_t next_number(Tx& tx, std::string_view column, std::string_view project);

}  // namespace lifecycle
