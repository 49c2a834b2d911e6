#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <nlohmann/json.hpp>
#include <string_view>

namespace lifecycle {

// What JSON from outside may be. Copying, comparing and writing a value recurse into it, so what
// nests without bound ends the process.
struct JsonLimits {
    std::size_t max_bytes = 8'388'608;
    std::size_t max_depth = 64;  // arrays and objects within each other; a plain number has 0
};

enum class JsonFlaw : std::uint8_t { too_long, too_deep, malformed };
std::string_view to_string(JsonFlaw flaw);

// The one way in which bytes become JSON: bodies of requests and answers, and what is read back
// from a store. Takes time and memory linear in the text.
std::expected<nlohmann::json, JsonFlaw> parse_json(std::string_view text, JsonLimits limits = {});

// The same, and null for what is none: for readers that take any shape.
nlohmann::json json_or_null(std::string_view text);

}  // namespace lifecycle
