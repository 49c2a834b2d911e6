#include "system/server/control_address.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <vector>

namespace lifecycle::server {
namespace {

using boost::asio::ip::make_address;

std::string on_bridge(std::vector<DockerNetwork::Pool> pools) {
    const std::vector<boost::asio::ip::address> ours = {
        make_address("127.0.0.1"), make_address("10.0.0.5"), make_address("172.17.0.1"),
        make_address("fd00:5::1")};
    const auto found = address_on_bridge({"bridge", std::move(pools)}, ours);
    return found ? found->to_string() : "";
}

TEST(ControlAddress, IsTheGatewayIfThisHostHasIt) {
    EXPECT_EQ(on_bridge({{"172.17.0.0/16", "172.17.0.1"}}), "172.17.0.1");
    EXPECT_EQ(on_bridge({{"172.18.0.0/16", "172.18.0.1"}}), "") << "another machine's bridge";
    EXPECT_EQ(on_bridge({{"172.17.0.0/16", "172.17.0.9"}}), "") << "our address is not on it";
    EXPECT_EQ(on_bridge({{"172.18.0.0/16", ""}, {"fd00:5::/64", "fd00:5::1"}}), "fd00:5::1");
    EXPECT_EQ(on_bridge({}), "");
}

TEST(ControlAddress, IsOursInItsSubnetIfTheGatewayIsLeftOut) {
    EXPECT_EQ(on_bridge({{"172.17.0.0/16", ""}}), "172.17.0.1");
    EXPECT_EQ(on_bridge({{"fd00:5::/64", ""}}), "fd00:5::1");
    EXPECT_EQ(on_bridge({{"172.18.0.0/16", ""}}), "");
    EXPECT_EQ(on_bridge({{"nonsense", ""}, {"", "nonsense"}}), "");
}

TEST(ControlAddress, IsOneThatIsListenedAtAlone) {
    std::vector<std::unique_ptr<ProviderSetup>> providers;
    providers.push_back(fly_setup());
    EXPECT_EQ(host_for_boxes({"10.0.0.5", 8701, false}, providers), "10.0.0.5");
    EXPECT_FALSE(host_for_boxes({"127.0.0.1", 8701, true}, providers));
}

TEST(DockerNetworks, AreReadAsEnginesDescribeThem) {
    const auto bridge = parse_docker_network(R"({"Name":"bridge","Driver":"bridge","IPAM":
        {"Driver":"default","Options":null,"Config":[{"Subnet":"172.17.0.0/16"},
        {"Subnet":"fd00:5::/64","Gateway":"fd00:5::1/64"}]}})");
    ASSERT_TRUE(bridge);
    EXPECT_EQ(bridge->driver, "bridge");
    ASSERT_EQ(bridge->pools.size(), 2U);
    EXPECT_EQ(bridge->pools[0].subnet, "172.17.0.0/16");
    EXPECT_EQ(bridge->pools[0].gateway, "");
    EXPECT_EQ(bridge->pools[1].gateway, "fd00:5::1");
    const auto host =
        parse_docker_network(R"({"Driver":"host","IPAM":{"Driver":"default","Config":null}})");
    ASSERT_TRUE(host);
    EXPECT_TRUE(host->pools.empty());
    for (const char* odd : {"", "[]", "{}", R"({"Driver":7})"}) {
        EXPECT_FALSE(parse_docker_network(odd)) << odd;
    }
}

}  // namespace
}  // namespace lifecycle::server
