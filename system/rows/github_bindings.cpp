#include "system/rows/github_bindings.hpp"

namespace lifecycle {

void bind_repository(Tx& tx, std::string_view project, std::string_view repository,
                     std::string_view branch) {
    tx.run(
        "INSERT INTO github_binding (project, repository, branch) VALUES (?, ?, ?)"
        " ON CONFLICT (project) DO UPDATE SET repository = excluded.repository,"
        " branch = excluded.branch, pushed_at = 0",
        {project, repository, branch});
}

void unbind_repository(Tx& tx, std::string_view project) {
    tx.run("DELETE FROM github_binding WHERE project = ?", {project});
}

bool is_stale_push(Tx& tx, std::string_view project, std::int64_t pushed_at) {
    return tx.run("UPDATE github_binding SET pushed_at = ? WHERE project = ? AND pushed_at <= ?",
                  {pushed_at, project, pushed_at}) != 1;
}

std::vector<std::string> projects_bound_to(ReadTx& tx, std::string_view repository,
                                           std::string_view branch) {
    return tx.all(
        "SELECT project FROM github_binding WHERE repository = ? AND branch = ? ORDER BY project",
        {repository, branch}, [](const Row& row) { return row.text(0); });
}

}  // namespace lifecycle
