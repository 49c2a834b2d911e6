#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"

namespace lifecycle {

// Percent-encodes all but the unreserved characters of RFC 3986.
std::string url_encode(std::string_view text);

// "host:port", with an IPv6 address in brackets (RFC 3986, 3.2.2).
std::string authority_of(std::string_view host, std::uint16_t port);

// The seconds of a Retry-After header, at most an hour; zero if it says anything else.
Duration parse_retry_after(std::string_view value);

}  // namespace lifecycle
