#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system/store/store.hpp"

namespace lifecycle {

// Pushes to that branch of a repository ("owner/name") roll the project's machine. Replaces what
// was bound before.
void bind_repository(Tx& tx, std::string_view project, std::string_view repository,
                     std::string_view branch);
void unbind_repository(Tx& tx, std::string_view project);
// Whether a push that was made then, by GitHub's clock, is older than one that the project has
// heard of; if it is not, it is the newest from now on.
bool is_stale_push(Tx& tx, std::string_view project, std::int64_t pushed_at);
// By name.
std::vector<std::string> projects_bound_to(ReadTx& tx, std::string_view repository,
                                           std::string_view branch);

}  // namespace lifecycle
