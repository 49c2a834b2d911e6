#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

// What is wrong with a project, and what once was. Each runs in the transaction given.
namespace lifecycle {

// What an error is about, and so what ends it.
enum class ErrorSubject : std::uint8_t {
    machine,       // one did not become active, or was lost: until another is active
    silence,       // the active one gives no sign of life: until it does, or another is active
    volume,        // until whoever said so says that it is over
    registration,  // a box could not prove itself: until its machine's box does
};
std::string_view to_string(ErrorSubject subject);

struct ProjectError {
    std::int64_t id = 0;
    std::string project;
    ErrorSubject subject{};
    std::string about;  // which machine or volume
    std::string text;
    Time since{};
    std::optional<Time> until;  // nothing: it is so now
};

// It is so from now on. A project has one open error at most for each subject: this one takes the
// place of another, which ends. Nothing changes if the very same is open already.
void open_error(Tx& tx, std::string_view project, ErrorSubject subject, std::string_view about,
                std::string_view text, Time now);

// It is so no longer, whatever it was about, or if it was about that.
void end_error(Tx& tx, std::string_view project, ErrorSubject subject, Time now);
void end_error_about(Tx& tx, std::string_view project, ErrorSubject subject, std::string_view about,
                     Time now);
void end_errors(Tx& tx, std::string_view project, Time now);

// Those that are open, newest first; but what a stranger can cause comes last.
std::vector<ProjectError> open_errors_of(ReadTx& tx, std::string_view project);
// All that there ever were, newest first, `max` at most.
std::vector<ProjectError> errors_of(ReadTx& tx, std::string_view project, std::int64_t max);
// The newest of that subject, ended or not.
std::optional<ProjectError> newest_error(ReadTx& tx, std::string_view project,
                                         ErrorSubject subject);
std::optional<ProjectError> find_error(ReadTx& tx, std::int64_t id);

}  // namespace lifecycle
