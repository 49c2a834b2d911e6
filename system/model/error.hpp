#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lifecycle {

// What kind of refusal an outcome is; the API maps each to a status and a code.
enum class ErrorCode : std::uint8_t {
    bad_request,          // the request itself is wrong
    unauthorized,         // the request does not prove who sent it
    forbidden,            // who sent it is known, and may not do this
    not_found,            // no such project, machine or route
    method_not_allowed,   // the route exists, the method does not
    misdirected,          // it was meant for a host that we are not
    too_large,            // the body exceeds the limit
    conflict,             // the state does not allow it
    not_implemented,      // the request is right, and of a kind that is not known here
    superseded,           // who sent it has been replaced, for good
    machine_unavailable,  // the machine cannot answer now, and the message says why
    machine_error,        // the machine answered with a failure of its own
    stale_lease,          // someone else took over this work; nothing was written
    internal,             // a bug of ours; the log has it
    store_unavailable,    // the database takes no writes now
    overloaded,           // as many such requests as may be are in hand
    store_unusable,       // the database cannot be opened or is from a newer version
};
std::string_view to_string(ErrorCode code);

struct Error {
    ErrorCode code;
    std::string message;  // what is wrong
    std::string action;   // what to do about it

    Error(ErrorCode kind, std::string what, std::string advice)
        : code(kind), message(std::move(what)), action(std::move(advice)) {}
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace lifecycle
