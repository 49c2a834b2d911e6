#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"

namespace lifecycle {

// Percent-encodes all but the unreserved characters of RFC 3986.
std::string url_encode(std::string_view text);

// "host:port", with an IPv6 address in brackets (RFC 3986, 3.2.2).
std::string authority_of(std::string_view host, std::uint16_t port);

// Whether a text may stand in a line of HTTP's head: without the control characters that would end
// the line or hide what follows.
bool is_header_text(std::string_view text);

// What Base64 with padding (RFC 4648, 4) stands for; nothing if the text is anything else.
std::optional<std::string> decode_base64(std::string_view text);

// The seconds of a Retry-After header, at most an hour; zero if it says anything else.
Duration parse_retry_after(std::string_view value);

}  // namespace lifecycle
