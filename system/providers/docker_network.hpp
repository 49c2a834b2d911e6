#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lifecycle {

// What a Docker Engine says of one of its networks.
struct DockerNetwork {
    // Addresses that its containers get: "172.17.0.0/16" and "172.17.0.1". Engines of up to 2025
    // may leave a bridge's gateway out (moby/moby#26799).
    struct Pool {
        std::string subnet;
        std::string gateway;  // empty: it is not said
    };
    std::string driver;  // "bridge", "host", "null", "overlay", "macvlan", ...
    std::vector<Pool> pools;
};

// Nothing if the text describes none.
std::optional<DockerNetwork> parse_docker_network(std::string_view body);

}  // namespace lifecycle
