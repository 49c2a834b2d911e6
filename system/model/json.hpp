#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lifecycle {

// What JSON from outside may be. Copying, comparing and writing a value recurse into it, so what
// nests without bound ends the process. And a value takes many times the memory of its text when
// that is short.
struct JsonLimits {
    std::size_t max_bytes = 8'388'608;
    std::size_t max_depth = 64;  // arrays and objects within each other; a plain number has 0
    std::size_t max_parts = 1'000'000;  // brackets that open, and commas
};

enum class JsonFlaw : std::uint8_t { too_long, too_deep, too_many_parts, malformed };
std::string_view to_string(JsonFlaw flaw);

// The one way in which bytes become JSON: bodies of requests and answers, and what is read back
// from a store. Takes time and memory linear in the text.
std::expected<nlohmann::json, JsonFlaw> parse_json(std::string_view text, JsonLimits limits = {});

// The same of an object of which only these members are wanted: memory is taken for nothing else.
std::expected<nlohmann::json, JsonFlaw> parse_members(std::string_view text,
                                                      std::initializer_list<std::string_view> names,
                                                      JsonLimits limits = {});

// The same, and null for what is none: for readers that take any shape.
nlohmann::json json_or_null(std::string_view text);

// The one way in which JSON becomes bytes: without spaces, and with U+FFFD for what is no UTF-8.
std::string json_text(const nlohmann::json& value);

}  // namespace lifecycle
