#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>

#include "system/server/http_server.hpp"

// Where one request ends and the next begins: two readers that disagree on that can be played off
// against each other.
namespace e2e {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Conversation {
    int asked = 0;         // requests that reached the service
    std::string answered;  // all bytes that came back
};

asio::awaitable<void> speak(asio::io_context* context, std::uint16_t port, std::string bytes,
                            std::string* answered) {
    tcp::socket socket(*context);
    const tcp::endpoint server(asio::ip::make_address("127.0.0.1"), port);
    boost::system::error_code error;
    co_await socket.async_connect(server, asio::redirect_error(asio::use_awaitable, error));
    const auto sent = co_await asio::async_write(socket, asio::buffer(bytes),
                                                 asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(sent);
    socket.shutdown(tcp::socket::shutdown_send, error);
    const auto read = co_await asio::async_read(socket, asio::dynamic_buffer(*answered),
                                                asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(read);
    context->stop();
}

Conversation say(std::string bytes) {
    Conversation conversation;
    asio::io_context context;
    lifecycle::server::HttpServer server(
        context, "127.0.0.1", 0,
        [&](const lifecycle::HttpRequest&, lifecycle::server::HttpServer::Respond respond) {
            ++conversation.asked;
            respond(lifecycle::HttpResponse{200, {}, "fine"});
        });
    asio::co_spawn(context,
                   speak(&context, server.port(), std::move(bytes), &conversation.answered),
                   [](std::exception_ptr failure) {
                       if (failure) std::rethrow_exception(failure);
                   });
    context.run();
    return conversation;
}

TEST(Framing, TakesARequestThatIsClear) {
    for (const char* bytes : {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
                              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                              "Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                              "GET / HTTP/1.0\r\n\r\n"}) {
        const Conversation had = say(bytes);
        EXPECT_EQ(had.asked, 1) << bytes;
        EXPECT_TRUE(had.answered.starts_with("HTTP/1.1 200")) << had.answered;
    }
}

TEST(Framing, KnowsNoCodingButChunked) {
    for (const char* coding :
         {"gzip", "gzip, chunked", "identity", "chunked, chunked", "xchunked"}) {
        const Conversation had =
            say(std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ") + coding +
                "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(had.asked, 0) << coding;
        EXPECT_TRUE(had.answered.starts_with("HTTP/1.1 501") ||
                    had.answered.starts_with("HTTP/1.1 400"))
            << coding << ": " << had.answered;
    }
    const Conversation had = say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}");
    EXPECT_TRUE(had.answered.starts_with("HTTP/1.1 501")) << had.answered;
    EXPECT_NE(had.answered.find("not_implemented"), std::string::npos) << had.answered;
}

TEST(Framing, KnowsWhichHostIsMeant) {
    for (const char* bytes :
         {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
        const Conversation had = say(bytes);
        EXPECT_EQ(had.asked, 0) << bytes;
        EXPECT_TRUE(had.answered.starts_with("HTTP/1.1 400")) << had.answered;
    }
}

}  // namespace
}  // namespace e2e
