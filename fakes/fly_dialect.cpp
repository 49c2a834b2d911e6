#include "fakes/fly_dialect.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

#include "fakes/fly_cloud.hpp"

namespace fakes {

using lifecycle::HttpResponse;
using nlohmann::json;

HttpResponse refuse(int status, std::string_view text) {
    return reply(status, json{{"error", text}});
}

HttpResponse machine_not_found() {
    return refuse(404, "not_found: machine not found");
}

// The value of one parameter of a query, percent-decoded.
std::string parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        std::string value;
        const std::string_view raw = pair.substr(equals + 1);
        for (std::size_t i = 0; i < raw.size(); ++i) {
            unsigned byte = 0;
            if (raw[i] == '%' && i + 2 < raw.size() &&
                std::from_chars(raw.data() + i + 1, raw.data() + i + 3, byte, 16).ptr ==
                    raw.data() + i + 3) {
                value.push_back(static_cast<char>(byte));
                i += 2;
            } else {
                value.push_back(raw[i]);
            }
        }
        return value;
    }
    return {};
}

json to_json(const FlyMachine& machine) {
    const auto second = std::chrono::floor<std::chrono::seconds>(machine.created_at);
    const std::string created =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(second.time_since_epoch().count()));
    return {
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

}  // namespace fakes
