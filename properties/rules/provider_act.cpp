#include "properties/rules/provider_act.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

namespace properties {
namespace {

using Verb = ProviderAct::Verb;
using nlohmann::json;

constexpr std::string_view kFly = "/v1/apps/vivarium/machines";
constexpr std::string_view kDaytona = "/api/sandbox";
constexpr std::string_view kDocker = "/containers";

std::string name_in(const std::string& body) {
    const json parsed = json::parse(body, nullptr, false);
    return parsed.is_object() ? parsed.value("name", "") : "";
}

// What follows `key` in a text, up to one of the characters that end it.
std::string after(std::string_view text, std::string_view key, std::string_view ends) {
    const auto found = text.find(key);
    if (found == std::string_view::npos) return {};
    const std::string_view rest = text.substr(found + key.size());
    return std::string(rest.substr(0, rest.find_first_of(ends)));
}

}  // namespace

ProviderAct act_of(const scenarios::ProviderCall& call) {
    std::string_view target = call.request.target;
    const std::string& method = call.request.method;
    // "/v1.41/containers/..."
    if (call.provider == "docker")
        target.remove_prefix(std::min(target.find('/', 1), target.size()));
    const std::string_view prefix = call.provider == "fly"       ? kFly
                                    : call.provider == "daytona" ? kDaytona
                                                                 : kDocker;
    if (!target.starts_with(prefix)) return {};
    const std::string_view rest = target.substr(prefix.size());
    if (rest.empty() && method == "POST") return {Verb::create, name_in(call.request.body)};
    if (rest.starts_with("/create?name=")) return {Verb::create, after(rest, "name=", "&")};
    if (rest.starts_with("?") || rest.starts_with("/json?")) {
        // Fly's labels are parameters; the others' are encoded JSON.
        std::string machine = after(rest, "vivarium_machine=", "&");
        if (machine.empty()) machine = after(rest, "vivarium_machine%22%3A%22", "%");
        if (machine.empty()) machine = after(rest, "vivarium_machine%3D", "%");
        return {Verb::find, std::move(machine)};
    }
    const std::string_view path = rest.substr(0, rest.find('?'));
    const auto slash = path.find('/', 1);
    const std::string id(path.substr(std::min<std::size_t>(1, path.size()), slash - 1));
    if (method == "DELETE") return {Verb::destroy, id};
    if (path.ends_with("/start")) return {Verb::start, id};
    return {Verb::other, id};
}

}  // namespace properties
