#include "system/rows/project_errors.hpp"

#include <array>
#include <stdexcept>

#define ERROR_COLUMNS "id, project, subject, about, what, opened_at, ended_at"

namespace lifecycle {
namespace {

constexpr std::array kSubjects = {ErrorSubject::machine, ErrorSubject::silence,
                                  ErrorSubject::volume, ErrorSubject::registration};

ErrorSubject subject_of(std::string_view text) {
    for (const ErrorSubject subject : kSubjects) {
        if (to_string(subject) == text) return subject;
    }
    throw std::logic_error("an error of a project is about nothing that is known");
}

ProjectError error_of(const Row& row) {
    ProjectError error;
    error.id = row.integer(0);
    error.project = row.text(1);
    error.subject = subject_of(row.text(2));
    error.about = row.text(3);
    error.text = row.text(4);
    error.since = row.time_at(5);
    if (row.integer(6) != 0) error.until = row.time_at(6);
    return error;
}

}  // namespace

std::string_view to_string(ErrorSubject subject) {
    switch (subject) {
        case ErrorSubject::machine: return "machine";
        case ErrorSubject::silence: return "silence";
        case ErrorSubject::volume: return "volume";
        case ErrorSubject::registration: return "registration";
    }
    return "unknown";
}

void open_error(Tx& tx, std::string_view project, ErrorSubject subject, std::string_view about,
                std::string_view text, Time now) {
    const auto newest = newest_error(tx, project, subject);
    if (newest && !newest->until && newest->about == about && newest->text == text) return;
    end_error(tx, project, subject, now);
    tx.run(
        "INSERT INTO project_error (project, subject, about, what, opened_at)"
        " VALUES (?, ?, ?, ?, ?)",
        {project, to_string(subject), about, text, count_of(now)});
    tx.tell("project.error",
            {{"project", project}, {"subject", to_string(subject)}, {"why", text}});
}

void end_error(Tx& tx, std::string_view project, ErrorSubject subject, Time now) {
    tx.run(
        "UPDATE project_error SET ended_at = ?"
        " WHERE project = ? AND subject = ? AND ended_at = 0",
        {count_of(now), project, to_string(subject)});
}

void end_error_about(Tx& tx, std::string_view project, ErrorSubject subject, std::string_view about,
                     Time now) {
    tx.run(
        "UPDATE project_error SET ended_at = ?"
        " WHERE project = ? AND subject = ? AND ended_at = 0 AND about = ?",
        {count_of(now), project, to_string(subject), about});
}

void end_errors(Tx& tx, std::string_view project, Time now) {
    tx.run("UPDATE project_error SET ended_at = ? WHERE project = ? AND ended_at = 0",
           {count_of(now), project});
}

std::vector<ProjectError> open_errors_of(ReadTx& tx, std::string_view project) {
    return tx.all("SELECT " ERROR_COLUMNS
                  " FROM project_error WHERE project = ? AND ended_at = 0"
                  " ORDER BY CASE subject WHEN 'registration' THEN 1 ELSE 0 END, id DESC",
                  {project}, error_of);
}

std::vector<ProjectError> errors_of(ReadTx& tx, std::string_view project, std::int64_t max) {
    return tx.all("SELECT " ERROR_COLUMNS
                  " FROM project_error WHERE project = ? ORDER BY id DESC LIMIT ?",
                  {project, max}, error_of);
}

std::optional<ProjectError> newest_error(ReadTx& tx, std::string_view project,
                                         ErrorSubject subject) {
    return tx.first("SELECT " ERROR_COLUMNS
                    " FROM project_error WHERE project = ? AND subject = ?"
                    " ORDER BY id DESC LIMIT 1",
                    {project, to_string(subject)}, error_of);
}

std::optional<ProjectError> find_error(ReadTx& tx, std::int64_t id) {
    return tx.first("SELECT " ERROR_COLUMNS " FROM project_error WHERE id = ?", {id}, error_of);
}

}  // namespace lifecycle
