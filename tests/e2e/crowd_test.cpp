#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <list>
#include <string>

#include "tests/e2e/lifecycled.hpp"

// Strangers who take connections and do nothing with them.
namespace e2e {
namespace {

using boost::asio::ip::tcp;

class CrowdTest : public LifecycledTest {
  protected:
    // A server that may have this many descriptors.
    void start_server_with(rlim_t descriptors) {
        rlimit usual{};
        getrlimit(RLIMIT_NOFILE, &usual);
        const rlimit few{descriptors, usual.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        start_server();
        setrlimit(RLIMIT_NOFILE, &usual);
    }

    void send_halves(std::uint16_t to, int count) {
        for (int i = 0; i < count; ++i) {
            tcp::socket& socket = crowd.emplace_back(context);
            boost::system::error_code ignored;
            socket.connect({boost::asio::ip::address_v4::loopback(), to}, ignored);
            boost::asio::write(
                socket, boost::asio::buffer(std::string("GET /v1/health HTTP/1.1\r\nHost: a")),
                ignored);
        }
    }

    boost::asio::io_context context;
    std::list<tcp::socket> crowd;
};

TEST_F(CrowdTest, AtTheBoxesDoorShutsNeitherDoor) {
    start_server_with(256);
    send_halves(box_port, 400);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(status("GET", "/v1/health"), 200) << "at the clients' door, request " << i;
        const auto answer = request(box_port, "GET", "/v1/health");
        ASSERT_TRUE(answer && answer->status == 200) << "at the boxes' door, request " << i;
    }
    ASSERT_TRUE(becomes(create(), "active")) << "there are descriptors for other things";
}

TEST_F(CrowdTest, OfSlowSendersIsLetGo) {
    start_server();
    send_halves(port, 1);
    const auto begun = std::chrono::steady_clock::now();
    std::array<char, 1000> bytes{};
    boost::system::error_code error;
    while (!error) crowd.front().read_some(boost::asio::buffer(bytes), error);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

}  // namespace
}  // namespace e2e
