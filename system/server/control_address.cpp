#include "system/server/control_address.hpp"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstring>
#include <utility>
#include <vector>

#include "system/providers/dialect.hpp"
#include "system/providers/url.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"

namespace lifecycle::server {
namespace {

namespace ip = boost::asio::ip;
using Addresses = std::vector<ip::address>;

constexpr std::string_view kSayIt = "say where they reach it with --control HOST:PORT";

// What the engine says is told by whoever asks.
class Unheard final : public Telemetry {
  public:
    using Telemetry::record;
    void record(std::string_view, std::span<const Fact>) override {}
};

ProviderResult<DockerNetwork> ask_engine(DockerOptions docker, const std::string& network) {
    docker.timeout = std::chrono::seconds(5);  // of each of two calls
    boost::asio::io_context context(1);
    BeastHttpClient http;
    Unheard telemetry;
    RealClock clock(context);
    DockerProvider engine(http, clock, telemetry, context.get_executor(), std::move(docker));
    ProviderResult<DockerNetwork> answer;
    boost::asio::co_spawn(context, engine.network(network),
                          [&answer](std::exception_ptr failure, auto result) {
                              if (failure) std::rethrow_exception(failure);
                              answer = std::move(result);
                          });
    context.run();
    return answer;
}

// The words of an engine as part of a line.
std::string words_of(const ProviderError& error) {
    std::string words = text_in(json_or_null(error.detail), "message");
    if (words.empty()) words = error.detail;
    std::ranges::replace_if(
        words, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return words;
}

Addresses addresses_of_this_host() {
    Addresses ours;
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return ours;
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) continue;
        if (one->ifa_addr->sa_family == AF_INET) {
            sockaddr_in address{};
            std::memcpy(&address, one->ifa_addr, sizeof address);
            ours.emplace_back(ip::address_v4(ntohl(address.sin_addr.s_addr)));
        } else if (one->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 address{};
            std::memcpy(&address, one->ifa_addr, sizeof address);
            ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
            ours.emplace_back(ip::address_v6(bytes));
        }
    }
    freeifaddrs(first);
    return ours;
}

template <class Network>
bool is_within(const ip::address& address, const Network& subnet) {
    if constexpr (std::is_same_v<Network, ip::network_v4>) {
        return address.is_v4() &&
               ip::make_network_v4(address.to_v4(), subnet.prefix_length()).canonical() ==
                   subnet.canonical();
    } else {
        return address.is_v6() &&
               ip::make_network_v6(address.to_v6(), subnet.prefix_length()).canonical() ==
                   subnet.canonical();
    }
}

bool is_within(const ip::address& address, const std::string& subnet) {
    boost::system::error_code no_network;
    const auto v4 = ip::make_network_v4(subnet, no_network);
    if (!no_network) return is_within(address, v4);
    const auto v6 = ip::make_network_v6(subnet, no_network);
    return !no_network && is_within(address, v6);
}

// Whether an engine runs its containers on this host.
bool is_here(const std::string& authority) {
    if (authority.starts_with("unix:")) return true;
    const std::string host = split_authority(authority).host;
    boost::system::error_code no_address;
    return host == "localhost" || ip::make_address(host, no_address).is_loopback();
}

}  // namespace

std::optional<ip::address> address_on_bridge(const DockerNetwork& bridge,
                                             std::span<const ip::address> ours) {
    for (const DockerNetwork::Pool& pool : bridge.pools) {
        boost::system::error_code none;
        auto gateway = ip::make_address(pool.gateway, none);
        // All of 127.0.0.0/8 is this host's.
        if (!none && gateway.is_v4() && gateway.is_loopback()) return gateway;
        for (const ip::address& one : ours) {
            if (none ? is_within(one, pool.subnet) : one == gateway) return one;
        }
    }
    return std::nullopt;
}

std::unexpected<std::string> nowhere(std::string_view provider, const Listen& boxes) {
    return std::unexpected(
        fmt::format("boxes at {} would be told to report to {}, which is not this host to them: {}",
                    provider, boxes.host, kSayIt));
}

std::expected<std::string, std::string> host_for_containers(const DockerOptions& docker,
                                                            const Listen& boxes) {
    const auto listening = ip::make_address(boxes.host);
    if (!is_here(docker.authority)) {
        return nowhere(fmt::format("the Docker Engine of {}", docker.authority), boxes);
    }
    if (docker.network == "host") {
        if (!listening.is_unspecified()) return boxes.host;
        return listening.is_v6() ? "::1" : "127.0.0.1";
    }
    const bool usual = docker.network.empty() || docker.network == "default";
    const std::string name = usual ? "bridge" : docker.network;
    const auto network = ask_engine(docker, name);
    if (!network) {
        return std::unexpected(fmt::format(
            "the Docker Engine at {} does not say where boxes on its network {} reach this host "
            "({}): see to the engine, or {}",
            docker.authority, name, words_of(network.error()), kSayIt));
    }
    if (network->driver != "bridge") {
        return std::unexpected(
            fmt::format("where boxes on Docker's network {} reach this host is not known, since it "
                        "is no bridge: {}",
                        name, kSayIt));
    }
    Addresses ours = addresses_of_this_host();
    if (listening.is_v4()) std::erase_if(ours, [](const ip::address& one) { return one.is_v6(); });
    const auto found = address_on_bridge(*network, ours);
    if (!found) {
        return std::unexpected(
            fmt::format("this host has no address on Docker's network {}, so boxes there may not "
                        "reach it (does the engine run in a machine of its own?): {}",
                        name, kSayIt));
    }
    if (!listening.is_unspecified() && listening != *found) {
        return std::unexpected(fmt::format(
            "boxes on Docker's network {} reach this host at {}, and --box-listen listens at {} "
            "alone: give --box-listen {}, or {}",
            name, found->to_string(), boxes.host, authority_of(found->to_string(), boxes.port),
            kSayIt));
    }
    return found->to_string();
}

std::expected<std::string, std::string> host_for_boxes(
    const Listen& boxes, std::span<const std::unique_ptr<ProviderSetup>> providers) {
    const auto listening = ip::make_address(boxes.host);
    if (!listening.is_unspecified() && !listening.is_loopback()) return boxes.host;
    std::string host;
    for (const auto& provider : providers) {
        auto found = provider->host_for_boxes(boxes);
        if (!found) return found;
        if (!host.empty() && host != *found) {
            return std::unexpected(
                fmt::format("boxes at {} reach this host at {}, and others at {}: {}",
                            provider->name(), *found, host, kSayIt));
        }
        host = *std::move(found);
    }
    return host;
}

}  // namespace lifecycle::server
