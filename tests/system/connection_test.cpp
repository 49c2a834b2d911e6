#include "system/server/connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace lifecycle::server {
namespace {

TEST(Connection, TheOneThatHasKeptUsWaitingLongestIsClosedForAnother) {
    boost::asio::io_context context;
    const auto open_socket = [&] {
        return boost::asio::ip::tcp::socket(context, boost::asio::ip::tcp::v4());
    };
    const auto places = std::make_shared<Places>(2);
    Connection first(places, open_socket());
    Connection second(places, open_socket());
    ASSERT_TRUE(places->make_room());
    EXPECT_FALSE(first.stream.socket().is_open());
    EXPECT_TRUE(second.stream.socket().is_open());
    Connection third(places, open_socket());
    second.is_waited_for();
    third.is_waited_for();
    EXPECT_FALSE(places->make_room()) << "neither keeps us waiting";
    second.keeps_us_waiting();
    ASSERT_TRUE(places->make_room());
    EXPECT_FALSE(second.stream.socket().is_open());
    EXPECT_TRUE(third.stream.socket().is_open());
}

}  // namespace
}  // namespace lifecycle::server
