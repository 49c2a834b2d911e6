#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace lifecycle::server {

// The first line of a file that holds a secret of ours. The error says in one line what is wrong
// with it, and what to do: it cannot be read, everybody on this host can read it, its group can
// write it, or the line is shorter than `min_length` bytes.
std::expected<std::string, std::string> read_private_file(const std::string& path,
                                                          std::size_t min_length);

}  // namespace lifecycle::server
