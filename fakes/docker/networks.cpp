#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fakes/docker/engine.hpp"
#include "fakes/json_reply.hpp"
#include "fakes/timestamp.hpp"
#include "sim/world/hash.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

// The networks that every engine has.
namespace fakes {
namespace {

using lifecycle::HttpResponse;
using nlohmann::json;

struct Network {
    const char* name;  // and, of these three, the driver: "none" has "null"
    const char* driver;
};
constexpr std::array kNetworks = {Network{"bridge", "bridge"}, Network{"host", "host"},
                                  Network{"none", "null"}};

std::string id_of(const Network& network) {
    std::string id;
    for (std::uint64_t part = 0; part < 4; ++part) {
        id += fmt::format("{:016x}",
                          sim::mix(static_cast<std::uint64_t>(network.name[0]) * 4 + part));
    }
    return id;
}

// As the engine writes its answers, with a line's end.
HttpResponse line(int status, const json& body) {
    HttpResponse response = reply(status, body);
    response.body += '\n';
    return response;
}

json described_network(const Network& network, const DockerEngineOptions& options) {
    const bool bridge = network.driver == std::string_view("bridge");
    json pools = bridge ? json::array({{{"Subnet", options.subnet}}}) : json();
    if (bridge && !options.gateway.empty()) pools[0]["Gateway"] = options.gateway;
    json settings = json::object();
    if (bridge) {
        settings = {{"com.docker.network.bridge.default_bridge", "true"},
                    {"com.docker.network.bridge.name", "docker0"}};
    }
    return {{"Name", network.name},
            {"Id", id_of(network)},
            {"Created", timestamp(lifecycle::Time())},
            {"Scope", "local"},
            {"Driver", network.driver},
            {"EnableIPv4", true},
            {"EnableIPv6", false},
            {"IPAM", {{"Driver", "default"}, {"Options", json()}, {"Config", pools}}},
            {"Internal", false},
            {"Attachable", false},
            {"Ingress", false},
            {"ConfigFrom", {{"Network", ""}}},
            {"ConfigOnly", false},
            {"Containers", json::object()},
            {"Options", settings},
            {"Labels", json::object()}};
}

}  // namespace

void DockerEngine::take_address(Container& container) {
    const auto taken = [&](std::uint64_t address) {
        return std::ranges::any_of(
            containers_, [&](const auto& known) { return known.second.address == address; });
    };
    std::uint64_t address = 1;
    while (address == container.former || taken(address)) ++address;
    container.address = address;
}

void DockerEngine::end(Container& container, int exit_code) {
    host_.power_off(container.id);
    container.status = "exited";
    container.exit_code = exit_code;
    ++container.episode;
    if (container.address != 0) container.former = std::exchange(container.address, 0);
}

std::string DockerEngine::address_of(const Container& container) const {
    if (container.address == 0) return {};
    if (options_.address) return options_.address(container.address);
    return fmt::format("172.17.{}.{}", container.address / 250, 2 + container.address % 250);
}

std::string DockerEngine::authority_of(const Container& container) const {
    return fmt::format("{}:{}", address_of(container), options_.daemon_port);
}

// By its whole id, by its name, or by the beginning of one id alone.
HttpResponse DockerEngine::network(std::string_view reference) const {
    std::array<const Network*, kNetworks.size()> alike{};
    std::size_t count = 0;
    for (const Network& network : kNetworks) {
        if (network.name == reference || id_of(network) == reference) {
            return line(200, described_network(network, options_));
        }
        if (id_of(network).starts_with(reference)) alike[count++] = &network;
    }
    if (count == 1) return line(200, described_network(*alike[0], options_));
    if (count == 0) {
        return line(404, {{"message", fmt::format("network {} not found", reference)}});
    }
    return line(400,
                {{"message", fmt::format("network {} is ambiguous ({} matches found based on ID "
                                         "prefix)",
                                         reference, count)}});
}

}  // namespace fakes
