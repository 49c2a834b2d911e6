#include "fakes/query.hpp"

#include <charconv>

namespace fakes {

std::string parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        std::string value;
        const std::string_view raw = pair.substr(equals + 1);
        for (std::size_t i = 0; i < raw.size(); ++i) {
            unsigned byte = 0;
            if (raw[i] == '%' && i + 2 < raw.size() &&
                std::from_chars(raw.data() + i + 1, raw.data() + i + 3, byte, 16).ptr ==
                    raw.data() + i + 3) {
                value.push_back(static_cast<char>(byte));
                i += 2;
            } else {
                value.push_back(raw[i]);
            }
        }
        return value;
    }
    return {};
}

}  // namespace fakes
