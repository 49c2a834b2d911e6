#pragma once

#include <boost/asio/ip/address.hpp>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "system/providers/docker_network.hpp"
#include "system/server/options.hpp"

namespace lifecycle::server {

// The host at which boxes reach --box-listen, for a server that --control does not say it to:
//   - the address of --box-listen, if that is one and no loopback address;
//   - this host's address on the bridge, if the boxes are containers on a bridge of a Docker
//     Engine on this host. The engine is asked, once, and waited for at most ten seconds;
//   - a loopback address, if they are on the network of this host.
// The error says in one line why boxes would reach nothing, and what to do. Boxes of a cloud never
// reach a loopback address of ours, wherever its API is: that may be the end of a tunnel.
std::expected<std::string, std::string> host_for_boxes(const ServerOptions& options);

// Which of these addresses, ours, is that of a bridge.
std::optional<boost::asio::ip::address> address_on_bridge(
    const DockerNetwork& bridge, std::span<const boost::asio::ip::address> ours);

}  // namespace lifecycle::server
