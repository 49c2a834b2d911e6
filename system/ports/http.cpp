#include "system/ports/http.hpp"

#include <algorithm>

namespace lifecycle {

bool HeaderOrder::operator()(std::string_view left, std::string_view right) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                        [&](char a, char b) { return lower(a) < lower(b); });
}

std::string_view to_string(HttpError error) {
    switch (error) {
        case HttpError::refused: return "connection refused";
        case HttpError::unresolved:
            return "no address is known for the host: check its name and this server's DNS";
        case HttpError::untrusted:
            return "no trusted TLS connection: check the host's certificate, this server's "
                   "certificate authorities and clock, and whether the host speaks TLS there";
        case HttpError::reset: return "connection reset";
        case HttpError::timed_out: return "timed out";
        case HttpError::too_large: return "the answer is longer than can be read";
    }
    return "unknown";
}

bool was_not_sent(HttpError error) {
    return error == HttpError::refused || error == HttpError::unresolved ||
           error == HttpError::untrusted;
}

}  // namespace lifecycle
