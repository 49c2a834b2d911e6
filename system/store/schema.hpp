#pragma once

#include <cstdint>
#include <limits>

#include "system/model/error.hpp"
#include "system/store/database.hpp"

namespace lifecycle {

// Brings an empty or older database to the present version, one transaction a version. An error if
// the file is no database, or if a newer version of the program has written it. With `up_to`, it
// stays a database of that version of the schema.
Result<void> migrate(Database& database, std::string_view path,
                     std::int64_t up_to = std::numeric_limits<std::int64_t>::max());

}  // namespace lifecycle
