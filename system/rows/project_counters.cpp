#include "system/rows/project_counters.hpp"

#include <fmt/format.h>

namespace lifecycle {

std::int64_t next_number(Tx& tx, std::string_view column, std::string_view project) {
    tx.run(fmt::format("UPDATE project SET {0} = {0} + 1 WHERE id = ?", column), {project});
    return tx
        .first(fmt::format("SELECT {} FROM project WHERE id = ?", column), {project},
               [](const Row& row) { return row.integer(0); })
        .value_or(1);
}

}  // namespace lifecycle
