#include <algorithm>
#include <nlohmann/json.hpp>

#include "fakes/fly/cloud.hpp"
#include "fakes/json.hpp"
#include "fakes/query.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// "/v1/apps/APP/machines" and what is below it.
Act FlyCloud::act_of(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kApps = "/v1/apps/";
    constexpr std::string_view kMachines = "/machines";
    std::string_view rest = request.target;
    if (!rest.starts_with(kApps)) return {};
    rest.remove_prefix(std::min(rest.find('/', kApps.size()), rest.size()));
    if (!rest.starts_with(kMachines)) return {};
    rest.remove_prefix(kMachines.size());
    if (rest.empty() && request.method == "POST") {
        return {Act::Verb::create, field_in(request.body, "name")};
    }
    // Labels are parameters.
    if (rest.starts_with("?")) {
        return {Act::Verb::find, parameter(rest.substr(1), "metadata.vivarium_machine")};
    }
    return act_on_one(request.method, rest);
}

RequestedMachine FlyCloud::requested_by(const lifecycle::HttpRequest& create) {
    const auto body = json_or_null(create.body);
    const auto& config = body.at("config");
    const auto& guest = config.at("guest");
    return {.image = config.value("image", ""),
            .cpus = guest.value("cpus", std::int64_t{0}),
            .memory_mb = guest.value("memory_mb", std::int64_t{0}),
            .memory_unit_mb = 256};
}

}  // namespace fakes
