#pragma once

#include <expected>
#include <string>

namespace sim::search {

// Input that cannot be used, in two clauses of one line: what is wrong, and what to do.
struct Error {
    std::string message;
    std::string action;
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace sim::search
