#pragma once

#include <vector>

namespace scenarios {

// The file of a database that a control plane has opened once and closed, with its schema and
// without a row: what a world begins with that does not mean to see the schema made, which costs as
// much as half a quiet run. Made once for the process, the same each time; from any thread.
const std::vector<char>& migrated_database();

}  // namespace scenarios
