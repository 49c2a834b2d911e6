#pragma once

#include <boost/asio/ip/address.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "system/providers/docker.hpp"
#include "system/providers/docker_network.hpp"
#include "system/server/listen.hpp"
#include "system/server/provider_setup.hpp"

namespace lifecycle::server {

// The host at which boxes of these providers reach --box-listen, for a server that --control does
// not say it to: the address of --box-listen, if that is one and no loopback address; otherwise
// what the providers say. The error says in one line why boxes would reach nothing, and what to do.
std::expected<std::string, std::string> host_for_boxes(
    const Listen& boxes, std::span<const std::unique_ptr<ProviderSetup>> providers);

// For those of a cloud: they never reach a loopback address of ours, wherever its API is, which may
// be the end of a tunnel.
std::unexpected<std::string> nowhere(std::string_view provider, const Listen& boxes);

// For containers of an engine on this host: our address on their bridge, or a loopback address if
// they are on the network of this host. The engine is asked, once, and waited for at most ten
// seconds.
std::expected<std::string, std::string> host_for_containers(const DockerOptions& docker,
                                                            const Listen& boxes);

// Which of these addresses, ours, is that of a bridge.
std::optional<boost::asio::ip::address> address_on_bridge(
    const DockerNetwork& bridge, std::span<const boost::asio::ip::address> ours);

}  // namespace lifecycle::server
