#pragma once

#include <expected>
#include <string>

namespace lifecycle::server {

// The key that the secrets of boxes are derived from: the first line of a file that only its owner
// can read. The file is made, with a key that nobody can guess, if it is not there. The error says
// in one line what is wrong with it. Whoever loses the file locks every box out until its machine
// is recreated.
std::expected<std::string, std::string> load_or_make_key(const std::string& path);

}  // namespace lifecycle::server
