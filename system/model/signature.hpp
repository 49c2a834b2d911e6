#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lifecycle {

// HMAC-SHA256 of the message under the key, in lower-case hexadecimal.
std::string hmac_sha256(std::string_view key, std::string_view message);

// In lower case.
std::string to_hex(std::span<const unsigned char> bytes);

// Whether two texts are the same, in a time that depends on their lengths alone.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace lifecycle
