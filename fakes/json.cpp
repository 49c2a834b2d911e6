#include "fakes/json.hpp"

namespace fakes {

nlohmann::json json_or_null(std::string_view text) {
    nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
    return parsed.is_discarded() ? nlohmann::json() : parsed;
}

std::string json_text(const nlohmann::json& value) {
    return value.dump();
}

}  // namespace fakes
