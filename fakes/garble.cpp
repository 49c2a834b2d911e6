#include "fakes/garble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "fakes/json.hpp"

namespace fakes {
namespace {

using nlohmann::json;

// The first ways are about the whole.
constexpr std::uint64_t kCut = 1;
constexpr std::uint64_t kEmpty = 2;
constexpr std::uint64_t kPage = 3;
constexpr std::uint64_t kWhole = 4;

const std::array<json, kOddValues>& odd_values() {
    static const std::array<json, kOddValues> all = {
        json(nullptr),           json(true), json(-1), json(0.5), json("?"), json::array({1}),
        json::object({{"a", 1}})};
    return all;
}

}  // namespace

std::vector<std::string> places_in(std::string_view body) {
    std::vector<std::string> places;
    const json whole = json_or_null(body);
    if (!whole.is_structured()) return places;
    const json flat = whole.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        for (json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
            const std::string place = at.to_string();
            if (std::ranges::find(places, place) == places.end()) places.push_back(place);
        }
    }
    return places;
}

std::string with_odd_value(std::string_view body, const std::string& place, std::size_t odd) {
    json changed = json_or_null(body);
    json& value = changed[json::json_pointer(place)];
    const json& other = odd_values().at(odd);
    if (value.type() == other.type()) return {};
    value = other;
    return json_text(changed);
}

std::string garbled(std::string_view body, std::uint64_t way) {
    switch (way) {
        case 0: return std::string(body);
        case kCut: return std::string(body.substr(0, body.size() / 2));
        case kEmpty: return {};
        case kPage: return "<html><body><h1>Bad Gateway</h1></body></html>";
        default: break;
    }
    const std::vector<std::string> places = places_in(body);
    if (places.empty()) return "?";
    const std::uint64_t number = way - kWhole;
    std::string changed =
        with_odd_value(body, places[number / kOddValues % places.size()], number % kOddValues);
    return changed.empty() ? std::string(body) : changed;
}

std::string garbling(std::uint64_t way) {
    switch (way) {
        case 0: return "is understood";
        case kCut: return "is cut off in the middle of its answer";
        case kEmpty: return "answers with nothing";
        case kPage: return "answers with a page for people";
        default: break;
    }
    return fmt::format("answers with {} in place {} of what it says",
                       json_text(odd_values().at((way - kWhole) % kOddValues)),
                       (way - kWhole) / kOddValues);
}

}  // namespace fakes
