#include "system/model/json.hpp"

#include <algorithm>
#include <optional>

namespace lifecycle {
namespace {

using nlohmann::json;

struct Shape {
    std::size_t depth = 0;
    std::size_t parts = 0;
};

// How deep the brackets of a text nest and how many parts it has, those in strings left out. Exact
// for JSON, and some number for anything else, which the parser refuses.
Shape shape_of(std::string_view text) {
    std::size_t depth = 0;
    Shape shape;
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
            shape.depth = std::max(shape.depth, ++depth);
            ++shape.parts;
        } else if (c == ',') {
            ++shape.parts;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return shape;
}

// Before the parser builds anything of it.
std::optional<JsonFlaw> flaw_in(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.max_bytes) return JsonFlaw::too_long;
    const Shape shape = shape_of(text);
    if (shape.depth > limits.max_depth) return JsonFlaw::too_deep;
    if (shape.parts > limits.max_parts) return JsonFlaw::too_many_parts;
    return std::nullopt;
}

}  // namespace

std::string_view to_string(JsonFlaw flaw) {
    switch (flaw) {
        case JsonFlaw::too_long: return "is longer than may be";
        case JsonFlaw::too_deep: return "nests deeper than may be";
        case JsonFlaw::too_many_parts: return "has more parts than may be";
        case JsonFlaw::malformed: break;
    }
    return "is not JSON";
}

std::expected<json, JsonFlaw> parse_json(std::string_view text, JsonLimits limits) {
    if (const auto flaw = flaw_in(text, limits)) return std::unexpected(*flaw);
    json parsed = json::parse(text, nullptr, false);
    if (parsed.is_discarded()) return std::unexpected(JsonFlaw::malformed);
    return parsed;
}

std::expected<json, JsonFlaw> parse_members(std::string_view text,
                                            std::initializer_list<std::string_view> names,
                                            JsonLimits limits) {
    if (const auto flaw = flaw_in(text, limits)) return std::unexpected(*flaw);
    const json::parser_callback_t wanted = [names](int depth, json::parse_event_t event,
                                                   json& parsed) {
        if (event != json::parse_event_t::key || depth != 1) return true;
        const auto& name = parsed.get_ref<const std::string&>();
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    json parsed = json::parse(text, wanted, false);
    if (parsed.is_discarded()) return std::unexpected(JsonFlaw::malformed);
    return parsed;
}

json json_or_null(std::string_view text) {
    return parse_json(text).value_or(json());
}

std::string json_text(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lifecycle
