#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <list>
#include <string>

#include "system/model/signature.hpp"
#include "system/server/http_server.hpp"
#include "tests/e2e/lifecycled.hpp"

// A push may be as long as those who send it make it, and nobody else may use that.
namespace e2e {
namespace {

constexpr std::string_view kSecret = "the secret of a repository, which is long";
constexpr std::size_t kLimit = std::size_t{25} << 20;

class LargeBodiesTest : public LifecycledTest {
  protected:
    void start_with_webhooks() {
        const auto file = folder / "webhook";
        std::ofstream(file) << kSecret << "\n";
        std::filesystem::permissions(file, kForItsOwner);
        start_server({"--github-secret-file", file});
    }

    // A push of so many bytes, most of which lists its commits.
    static std::string push_of(std::size_t bytes, const std::string& commit) {
        const std::string head = fmt::format(
            R"({{"ref":"refs/heads/main","after":"{}","repository":{{"full_name":"owner/alpha"}},)"
            R"("commits":[")",
            commit);
        const std::string_view tail = R"("]})";
        return head + std::string(bytes - head.size() - tail.size(), 'x') + std::string(tail);
    }

    int status_of_push(const std::string& body) const {
        const auto answer =
            request(port, "POST", "/v1/webhooks/github", body,
                    {{"X-GitHub-Delivery", "1"},
                     {"X-GitHub-Event", "push"},
                     {"X-Hub-Signature-256", "sha256=" + lifecycle::hmac_sha256(kSecret, body)}});
        return answer ? answer->status : 0;
    }

    // Begins a push that says it is so long, and sends no more of it.
    void begin_push(std::size_t bytes) {
        auto& socket = begun.emplace_back(context);
        socket.connect({boost::asio::ip::address_v4::loopback(), port});
        boost::asio::write(socket, boost::asio::buffer(fmt::format(
                                       "POST /v1/webhooks/github HTTP/1.1\r\nHost: localhost\r\n"
                                       "Content-Length: {}\r\n\r\n{{",
                                       bytes)));
    }

    boost::asio::io_context context;
    std::list<boost::asio::ip::tcp::socket> begun;
};

TEST_F(LargeBodiesTest, APushMayBeAsLongAsGitHubMakesIt) {
    start_with_webhooks();
    ASSERT_TRUE(becomes(create(), "active"));
    ASSERT_EQ(status("PUT", "/v1/projects/alpha/github", R"({"repository":"owner/alpha"})"), 200);
    EXPECT_EQ(status_of_push(push_of(kLimit, "c0ffee")), 202);
    EXPECT_EQ(status_of_push(push_of(kLimit + 1, "c0ffee")), 413);
    EXPECT_EQ(state("alpha-2"), "starting");
}

TEST_F(LargeBodiesTest, NothingElseMayBeLong) {
    start_with_webhooks();
    const std::string body((1 << 20) + 1, ' ');
    EXPECT_EQ(status("POST", "/v1/projects/alpha/machines", body), 413);
    EXPECT_EQ(status("POST", "/v1/webhooks/gitlab", body), 413);
    EXPECT_EQ(request(box_port, "POST", "/v1/webhooks/github", body)->status, 413);
    const std::string chunk(1 << 19, 'x');
    std::string chunked =
        "POST /v1/webhooks/github HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\n\r\n";
    for (int i = 0; i < 3; ++i) chunked += "80000\r\n" + chunk + "\r\n";
    EXPECT_TRUE(raw_request(port, chunked + "0\r\n\r\n").starts_with("HTTP/1.1 413"))
        << "what does not say its length is short";
}

TEST_F(LargeBodiesTest, NobodyMaySendALongOneWhereWebhooksAreOff) {
    start_server();
    EXPECT_EQ(status("POST", "/v1/webhooks/github", std::string((1 << 20) + 1, ' ')), 413);
}

TEST_F(LargeBodiesTest, FewAreInHandAtOnceAndShortOnesGoOn) {
    start_with_webhooks();
    ASSERT_TRUE(becomes(create(), "active"));
    for (std::size_t i = 0; i < lifecycle::server::HttpServer::kMaxLargeBodies; ++i) {
        begin_push(kLimit);
    }
    ASSERT_TRUE(eventually([&] { return status_of_push(push_of(2 << 20, "beef")) == 503; }));
    EXPECT_EQ(status_of_push(push_of(1 << 20, "beef")), 202) << "nobody is bound, nothing to do";
    begun.clear();
    EXPECT_TRUE(eventually([&] { return status_of_push(push_of(2 << 20, "beef")) == 202; }));
}

}  // namespace
}  // namespace e2e
