#include "system/model/json.hpp"

#include <algorithm>

namespace lifecycle {
namespace {

using nlohmann::json;

// How deep the brackets of a text nest, those in strings left out. Exact for JSON, and some number
// for anything else, which the parser refuses.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

}  // namespace

std::string_view to_string(JsonFlaw flaw) {
    switch (flaw) {
        case JsonFlaw::too_long: return "is longer than may be";
        case JsonFlaw::too_deep: return "nests deeper than may be";
        case JsonFlaw::malformed: break;
    }
    return "is not JSON";
}

std::expected<json, JsonFlaw> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.max_bytes) return std::unexpected(JsonFlaw::too_long);
    // Before the parser builds anything of it.
    if (depth_of(text) > limits.max_depth) return std::unexpected(JsonFlaw::too_deep);
    json parsed = json::parse(text, nullptr, false);
    if (parsed.is_discarded()) return std::unexpected(JsonFlaw::malformed);
    return parsed;
}

json json_or_null(std::string_view text) {
    return parse_json(text).value_or(json());
}

}  // namespace lifecycle
