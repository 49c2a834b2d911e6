#pragma once

#include <memory>
#include <vector>

#include "sim/world/process.hpp"
#include "system/store/store.hpp"

namespace scenarios {

// The file of a database that a control plane has opened once and closed, with its schema and
// without a row: what a world begins with that does not mean to see the schema made, which costs as
// much as half a quiet run. Made once for the process, the same each time; from any thread.
const std::vector<char>& migrated_database();

// The store on the disk of that process. Throws StoreFailure where it cannot be opened.
std::unique_ptr<lifecycle::Store> open_store(const char* path, sim::Process& process,
                                             lifecycle::CommitFollower* follower = nullptr,
                                             lifecycle::Telemetry* telemetry = nullptr,
                                             lifecycle::Clock* clock = nullptr);

}  // namespace scenarios
