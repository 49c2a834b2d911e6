#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "fakes/docker/engine.hpp"
#include "fakes/json.hpp"
#include "fakes/query.hpp"
#include "system/ports/http.hpp"

namespace fakes {
namespace {

// That of the filter for a label "vivarium_machine=NAME".
std::string machine_in(std::string_view query) {
    constexpr std::string_view kLabel = "vivarium_machine=";
    const auto filters = json_or_null(parameter(query, "filters"));
    if (!filters.is_object()) return {};
    for (const std::string& label : filters.value("label", std::vector<std::string>())) {
        if (label.starts_with(kLabel)) return label.substr(kLabel.size());
    }
    return {};
}

}  // namespace

// "/v1.41/containers" and what is below it.
Act DockerEngine::act_of(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kContainers = "/containers";
    std::string_view rest = request.target;
    rest.remove_prefix(std::min(rest.find('/', 1), rest.size()));
    if (!rest.starts_with(kContainers)) return {};
    rest.remove_prefix(kContainers.size());
    const std::string_view query = rest.substr(std::min(rest.find('?') + 1, rest.size()));
    if (rest.starts_with("/create?")) return {Act::Verb::create, parameter(query, "name")};
    if (rest.starts_with("/json?")) return {Act::Verb::find, machine_in(query)};
    return act_on_one(request.method, rest);
}

RequestedMachine DockerEngine::requested_by(const lifecycle::HttpRequest& create) {
    const auto body = json_or_null(create.body);
    const auto& host = body.at("HostConfig");
    return {.image = body.value("Image", ""),
            .cpus = host.value("NanoCpus", std::int64_t{0}) / 1'000'000'000,
            .memory_mb = host.value("Memory", std::int64_t{0}) / (1 << 20)};
}

}  // namespace fakes
