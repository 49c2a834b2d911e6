#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fakes {

// Null for what is none. The clouds' own: how the core reads JSON says nothing of how they do.
nlohmann::json json_or_null(std::string_view text);

std::string json_text(const nlohmann::json& value);

}  // namespace fakes
