#include "system/rows/projects.hpp"

#include "system/rows/project_counters.hpp"

namespace lifecycle {

bool project_exists(ReadTx& tx, std::string_view project) {
    return tx
        .first("SELECT id FROM project WHERE id = ?", {project},
               [](const Row& row) { return row.text(0); })
        .has_value();
}

bool is_archived(ReadTx& tx, std::string_view project) {
    return tx
        .first("SELECT id FROM project WHERE id = ? AND archived_at <> 0", {project},
               [](const Row& row) { return row.text(0); })
        .has_value();
}

void set_archived(Tx& tx, std::string_view project, Time now) {
    tx.run("UPDATE project SET archived_at = ? WHERE id = ? AND archived_at = 0",
           {count_of(now), project});
}

void set_not_archived(Tx& tx, std::string_view project) {
    tx.run("UPDATE project SET archived_at = 0 WHERE id = ?", {project});
}

std::int64_t generation_of(ReadTx& tx, std::string_view project) {
    return tx
        .first("SELECT generation FROM project WHERE id = ?", {project},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void make_project(Tx& tx, std::string_view project, Time now) {
    tx.run(
        "INSERT INTO project (id, generation, created_at) VALUES (?, 0, ?)"
        " ON CONFLICT (id) DO NOTHING",
        {project, count_of(now)});
}

std::int64_t next_generation(Tx& tx, std::string_view project) {
    return next_number(tx, "generation", project);
}

void set_active_machine(Tx& tx, std::string_view project, std::string_view machine) {
    tx.run("UPDATE project SET active_machine = ? WHERE id = ?", {machine, project});
}

std::int64_t recreations_of(ReadTx& tx, std::string_view project) {
    return tx
        .first("SELECT recreations FROM project WHERE id = ?", {project},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void set_recreations(Tx& tx, std::string_view project, std::int64_t recreations) {
    tx.run("UPDATE project SET recreations = ? WHERE id = ?", {recreations, project});
}

}  // namespace lifecycle
