#pragma once

#include "system/model/error.hpp"
#include "system/store/database.hpp"

namespace lifecycle {

// Brings an empty or older database to the present version, one transaction a version. An error if
// the file is no database, or if a newer version of the program has written it.
Result<void> migrate(Database& database, std::string_view path);

}  // namespace lifecycle
