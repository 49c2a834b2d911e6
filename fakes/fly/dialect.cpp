#include "fakes/fly/dialect.hpp"

#include "fakes/fly/cloud.hpp"
#include "fakes/timestamp.hpp"
#include "system/ports/http.hpp"

namespace fakes {

using lifecycle::HttpResponse;
using nlohmann::json;

HttpResponse refuse(int status, std::string_view text) {
    return reply(status, json{{"error", text}});
}

HttpResponse machine_not_found() {
    return refuse(404, "not_found: machine not found");
}

json to_json(const FlyMachine& machine) {
    const std::string created = timestamp(machine.created_at);
    json described = {
        {"id", machine.id},
        {"name", machine.name},
        {"state", machine.state},
        {"region", machine.region},
        {"instance_id", machine.instance_id},
        {"private_ip", machine.private_ip},
        {"config", machine.config},
        {"created_at", created},
        {"updated_at", created},
        {"host_status", "ok"},
        {"events", json::array()},
        {"checks", json::array()},
    };
    if (!machine.host_down && machine.known_state.empty()) return described;
    // Of its configuration only what is kept elsewhere is known.
    if (!machine.known_state.empty()) described["state"] = machine.known_state;
    described["host_status"] = "unreachable";
    described["incomplete_config"] = {
        {"image", machine.config.value("image", "")},
        {"metadata", machine.config.value("metadata", json::object())}};
    described.erase("config");
    return described;
}

bool has_metadata(const FlyMachine& machine, std::string_view query) {
    const auto metadata = machine.config.find("metadata");
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (!pair.starts_with("metadata.")) continue;
        const std::string_view name = pair.substr(0, pair.find('='));
        const std::string_view key = name.substr(9);
        if (metadata == machine.config.end()) return false;
        const auto value = metadata->find(key);
        if (value == metadata->end() || *value != parameter(pair, name)) return false;
    }
    return true;
}

// Everything else stays, secrets and all.
json FlyCloud::shown(const FlyMachine& machine, bool odd) const {
    json described = to_json(machine);
    if (odd || (!options_.odd.empty() && machine.name == options_.odd)) described.erase("id");
    return described;
}

}  // namespace fakes
