#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lifecycle {

inline constexpr std::size_t kMaxToldBytes = 1024;

// What somebody outside said, as it may be told to logs, rows and people: without environments of
// machines, tokens and our own secrets, in at most kMaxToldBytes and a few words. It need not be
// JSON, nor whole: what looks like the beginning of a secret is hidden up to its end or the text's.
std::string without_secrets(std::string_view said);

}  // namespace lifecycle
