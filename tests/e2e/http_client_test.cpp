#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "system/server/http_client.hpp"

// What the client of HTTP says of hosts that cannot be reached, on real sockets.
namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tcp = asio::ip::tcp;

struct KeptTelemetry final : Telemetry {
    using Telemetry::record;
    void record(std::string_view name, std::span<const Fact> facts) override {
        std::string line(name);
        for (const Fact& fact : facts) {
            const auto* text = std::get_if<std::string_view>(&fact.value);
            if (text != nullptr) line.append(" ").append(*text);
        }
        lines.push_back(line);
    }
    std::vector<std::string> lines;
};

// A certificate that nobody but itself vouches for.
void certify_itself(asio::ssl::context& context) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const auto* text = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    SSL_CTX_use_certificate(context.native_handle(), certificate.get());
    SSL_CTX_use_PrivateKey(context.native_handle(), key.get());
}

class HttpClientTest : public testing::Test {
  protected:
    // What became of one request, and how long that took.
    std::expected<HttpResponse, HttpError> get(const std::string& authority, bool tls,
                                               Duration timeout = seconds(5)) {
        HttpRequest request;
        request.authority = authority;
        request.tls = tls;
        request.target = "/";
        std::optional<std::expected<HttpResponse, HttpError>> answer;
        const auto begun = std::chrono::steady_clock::now();
        asio::co_spawn(
            context, client.send(std::move(request), timeout),
            [&](std::exception_ptr failure, std::expected<HttpResponse, HttpError> result) {
                if (failure) std::rethrow_exception(failure);
                answer.emplace(std::move(result));
                took = std::chrono::steady_clock::now() - begun;
                context.stop();
            });
        context.restart();
        context.run_for(seconds(30));
        return answer ? *std::move(answer) : std::unexpected(HttpError::timed_out);
    }

    std::string port_of(const tcp::acceptor& acceptor) {
        return std::to_string(acceptor.local_endpoint().port());
    }

    asio::io_context context{1};
    KeptTelemetry telemetry;
    BeastHttpClient client{&telemetry};
    std::chrono::steady_clock::duration took{};
};

TEST_F(HttpClientTest, TellsANameThatLeadsNowhereFromARefusal) {
    const auto answer = get("nonexistent.invalid:443", true, seconds(10));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::unresolved);
    EXPECT_TRUE(was_not_sent(answer.error()));
    ASSERT_EQ(telemetry.lines.size(), 1U);
    EXPECT_TRUE(telemetry.lines[0].starts_with("http.unreachable nonexistent.invalid:443"))
        << telemetry.lines[0];
    EXPECT_NE(telemetry.lines[0].find("DNS"), std::string::npos) << telemetry.lines[0];
}

TEST_F(HttpClientTest, SearchesForAnAddressNoLongerThanTheRequestMayTake) {
    const auto answer = get("nonexistent.invalid:80", false, milliseconds(1));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::unresolved);
    EXPECT_LT(took, milliseconds(900));
}

// Name servers that are silent, and one that is not.
struct NameServers {
    std::promise<void> silence;
    std::shared_future<void> end{silence.get_future()};
    std::atomic<int> searches = 0;
    std::atomic<int> of_good = 0;
};

TEST(Resolving, OfOneDomainHoldsUpNoOther) {
    const auto servers = std::make_shared<NameServers>();
    const Resolver::Lookup lookup = [servers](const std::string& host,
                                              const std::string&) -> Resolver::Found {
        if (host.ends_with("good.example.org")) {
            ++servers->of_good;
            return Resolver::Addresses(1, tcp::endpoint(asio::ip::address_v4::loopback(), 1));
        }
        ++servers->searches;
        servers->end.wait();
        return std::unexpected("silent");
    };
    asio::io_context context(1);
    BeastHttpClient client(nullptr, lookup);
    std::map<std::string, std::vector<HttpError>> errors;
    const auto ask = [&](const std::string& host) {
        HttpRequest request;
        request.authority = host + ":80";
        request.target = "/";
        asio::co_spawn(context, client.send(std::move(request), milliseconds(500)),
                       [&errors, host](auto, std::expected<HttpResponse, HttpError> result) {
                           errors[host].push_back(result.error());
                       });
    };
    for (int i = 0; i < 100; ++i) {
        ask("api.silent.example");
        ask("box-" + std::to_string(i) + ".silent.example");
    }
    ask("good.example.org");
    ask("good.example.org");
    const auto begun = std::chrono::steady_clock::now();
    context.run();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(5));
    EXPECT_EQ(errors["api.silent.example"], std::vector<HttpError>(100, HttpError::unresolved));
    // It was found, and nobody listens there.
    EXPECT_EQ(errors["good.example.org"], std::vector<HttpError>(2, HttpError::refused));
    EXPECT_LE(servers->searches, 4);
    EXPECT_EQ(servers->of_good, 1);
    context.restart();
    ask("good.example.org");
    context.run();
    EXPECT_EQ(servers->of_good, 1) << "what was found is kept for a moment";
    servers->silence.set_value();
}

TEST_F(HttpClientTest, WaitsForTheAnswerThatFollowsInterimOnes) {
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    tcp::socket stream(context);
    const std::string said =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade";
    acceptor.async_accept(stream, [&](const boost::system::error_code& error) {
        if (error) return;
        asio::async_write(stream, asio::buffer(said),
                          [](const boost::system::error_code&, std::size_t) {});
    });
    const auto answer = get("127.0.0.1:" + port_of(acceptor), false);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "made");
}

TEST_F(HttpClientTest, GivesUpOnInterimAnswersWithoutAnEnd) {
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    tcp::socket stream(context);
    std::string said;
    for (int i = 0; i < 100; ++i) said += "HTTP/1.1 102 Processing\r\n\r\n";
    acceptor.async_accept(stream, [&](const boost::system::error_code& error) {
        if (error) return;
        asio::async_write(stream, asio::buffer(said),
                          [](const boost::system::error_code&, std::size_t) {});
    });
    const auto answer = get("127.0.0.1:" + port_of(acceptor), false);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::reset);
}

TEST_F(HttpClientTest, TellsACertificateThatNobodyVouchesForFromARefusal) {
    asio::ssl::context trusted(asio::ssl::context::tls_server);
    certify_itself(trusted);
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    asio::ssl::stream<tcp::socket> stream(context, trusted);
    acceptor.async_accept(stream.next_layer(), [&](const boost::system::error_code& error) {
        if (error) return;
        stream.async_handshake(asio::ssl::stream_base::server,
                               [](const boost::system::error_code&) {});
    });
    const auto answer = get("localhost:" + port_of(acceptor), true);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::untrusted);
    ASSERT_EQ(telemetry.lines.size(), 1U);
    EXPECT_NE(telemetry.lines[0].find("certificate verify failed"), std::string::npos)
        << telemetry.lines[0];
}

TEST_F(HttpClientTest, TellsAHostThatSpeaksNoTlsFromARefusal) {
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    tcp::socket socket(context);
    const std::string plain = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    acceptor.async_accept(socket, [&](const boost::system::error_code& error) {
        if (error) return;
        asio::async_write(socket, asio::buffer(plain),
                          [](const boost::system::error_code&, std::size_t) {});
    });
    const auto answer = get("127.0.0.1:" + port_of(acceptor), true);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::untrusted);
    EXPECT_EQ(telemetry.lines.size(), 1U);
}

TEST_F(HttpClientTest, CallsARefusalARefusalAndLeavesTellingItToWhoAsked) {
    std::string closed;
    {
        tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
        closed = port_of(acceptor);
    }
    const auto answer = get("127.0.0.1:" + closed, true);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::refused);
    EXPECT_TRUE(telemetry.lines.empty());
}

TEST_F(HttpClientTest, SaysThatAnAnswerIsTooLong) {
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    tcp::socket socket(context);
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n";
    acceptor.async_accept(socket, [&](const boost::system::error_code& error) {
        if (error) return;
        asio::async_write(socket, asio::buffer(head),
                          [](const boost::system::error_code&, std::size_t) {});
    });
    const auto answer = get("127.0.0.1:" + port_of(acceptor), false);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), HttpError::too_large);
}

}  // namespace
}  // namespace lifecycle::server
