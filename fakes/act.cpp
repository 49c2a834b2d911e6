#include "fakes/act.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fakes/json.hpp"

namespace fakes {

Act act_on_one(std::string_view method, std::string_view id_path) {
    const std::string_view path = id_path.substr(0, id_path.find('?'));
    const auto slash = path.find('/', 1);
    std::string id(path.substr(std::min<std::size_t>(1, path.size()), slash - 1));
    if (method == "DELETE") return {Act::Verb::destroy, std::move(id)};
    if (path.ends_with("/start")) return {Act::Verb::start, std::move(id)};
    return {Act::Verb::other, std::move(id)};
}

std::string field_in(const std::string& object, const char* name) {
    const auto parsed = json_or_null(object);
    return parsed.is_object() ? parsed.value(name, "") : "";
}

}  // namespace fakes
