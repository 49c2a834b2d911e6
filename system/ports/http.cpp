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
        case HttpError::reset: return "connection reset";
        case HttpError::timed_out: return "timed out";
    }
    return "unknown";
}

}  // namespace lifecycle
