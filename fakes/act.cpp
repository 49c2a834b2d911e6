#include "fakes/act.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fakes {

Act act_on_one(std::string_view method, std::string_view id_path) {
    const std::string_view path = id_path.substr(0, id_path.find('?'));
    const auto slash = path.find('/', 1);
    std::string id(path.substr(std::min<std::size_t>(1, path.size()), slash - 1));
    if (method == "DELETE") return {Act::Verb::destroy, std::move(id)};
    if (path.ends_with("/start")) return {Act::Verb::start, std::move(id)};
    return {Act::Verb::other, std::move(id)};
}

std::string text_after(std::string_view text, std::string_view key, std::string_view ends) {
    const auto found = text.find(key);
    if (found == std::string_view::npos) return {};
    const std::string_view rest = text.substr(found + key.size());
    return std::string(rest.substr(0, rest.find_first_of(ends)));
}

std::string name_in(const std::string& body) {
    const auto parsed = nlohmann::json::parse(body, nullptr, false);
    return parsed.is_object() ? parsed.value("name", "") : "";
}

}  // namespace fakes
