#include "system/providers/docker_network.hpp"

#include <utility>

#include "system/providers/docker.hpp"
#include "system/providers/url.hpp"

namespace lifecycle {

std::optional<DockerNetwork> parse_docker_network(std::string_view body) {
    const auto said = json_or_null(body);
    DockerNetwork network;
    network.driver = text_in(said, "Driver");
    if (network.driver.empty()) return std::nullopt;
    const auto& addresses = object_in(said, "IPAM");
    const auto pools = addresses.find("Config");
    if (pools == addresses.end() || !pools->is_array()) return network;
    for (const auto& pool : *pools) {
        DockerNetwork::Pool read{text_in(pool, "Subnet"), text_in(pool, "Gateway")};
        // Engines of before 2023 say IPv6 gateways with the length of the prefix.
        read.gateway = read.gateway.substr(0, read.gateway.find('/'));
        network.pools.push_back(std::move(read));
    }
    return network;
}

boost::asio::awaitable<ProviderResult<DockerNetwork>> DockerProvider::network(std::string name) {
    const auto answer = co_await call("GET", "/networks/" + url_encode(name), "");
    if (!answer) co_return std::unexpected(answer.error());
    auto found = parse_docker_network(answer->body);
    if (!found) co_return std::unexpected(unreadable(*answer));
    co_return *std::move(found);
}

}  // namespace lifecycle
