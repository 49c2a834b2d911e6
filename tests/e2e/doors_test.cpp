#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "system/server/http_server.hpp"
#include "tests/e2e/lifecycled.hpp"

// Who gets in at which address, and that nothing that comes in ends the process.
namespace e2e {
namespace {

using nlohmann::json;
using DoorsTest = LifecycledTest;

TEST_F(DoorsTest, NoRequestEndsTheProcess) {
    start_server();
    const std::string machine = create();
    ASSERT_TRUE(becomes(machine, "active"));
    for (const char* method : {"TRACE", "CONNECT", "PROPFIND", "get"}) {
        const std::string answer = raw_request(
            port, fmt::format("{} /v1/projects/alpha/proxy/ HTTP/1.1\r\nHost: localhost\r\n"
                              "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
                              method));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 501 ")) << method << ": " << answer;
    }
    // Every method that we take goes through to the machine, with a body where it has one.
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        const auto answer = ask(method, "/v1/projects/alpha/proxy/x", "hello");
        ASSERT_TRUE(answer.has_value()) << method;
        EXPECT_EQ(answer->status, 200) << method;
        EXPECT_EQ(json::parse(answer->body)["bytes"], 5) << method;
    }
    EXPECT_EQ(status("HEAD", "/v1/projects/alpha/proxy/x"), 200);
    EXPECT_EQ(state(machine), "active");
}

// From inside of a box: what a client may do is not there.
TEST_F(DoorsTest, BoxesReachNothingButWhatIsForBoxes) {
    start_server();
    const std::string machine = create();
    ASSERT_TRUE(becomes(machine, "active"));
    for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
             {"POST", "/v1/projects/alpha/archive"},
             {"POST", "/v1/projects/alpha/machines"},
             {"GET", "/v1/projects/alpha"},
             {"GET", "/v1/projects/alpha/proxy/"},
             {"GET", "/v1/machines/" + machine},
             {"POST", "/v1/machines/" + machine + "/retire"},
             {"GET", "/v1/metrics"},
             {"POST", "/v1/reconcile"}}) {
        const auto answer = request(box_port, method, target);
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->status, 404) << method << " " << target;
    }
    EXPECT_EQ(request(box_port, "GET", "/v1/health")->status, 200);
    EXPECT_EQ(request(box_port, "POST", "/v1/machines/" + machine + "/status", "{}")->status, 400);
    EXPECT_EQ(status("POST", "/v1/machines/" + machine + "/register"), 404);
    EXPECT_EQ(state(machine), "active");
}

TEST_F(DoorsTest, ClientsProveThemselvesWhereATokenIsSet) {
    const std::string token(40, 't');
    std::ofstream(folder / "admin") << token << "\n";
    std::filesystem::permissions(folder / "admin", std::filesystem::perms::owner_read);
    start_server({"--admin-token-file", folder / "admin"});
    EXPECT_EQ(status("GET", "/v1/health"), 200);
    EXPECT_EQ(status("GET", "/v1/metrics"), 401);
    EXPECT_EQ(status("GET", "/v1/projects/alpha/proxy/"), 401);
    EXPECT_EQ(status("POST", "/v1/webhooks/github", "{}"), 404) << "switched off, not locked";
    const std::map<std::string, std::string> wrong = {{"Authorization", "Bearer " + token + "t"}};
    EXPECT_EQ(request(port, "GET", "/v1/metrics", "", wrong)->status, 401);
    const std::map<std::string, std::string> right = {{"Authorization", "Bearer " + token}};
    EXPECT_EQ(request(port, "GET", "/v1/metrics", "", right)->status, 200);
    const auto created =
        request(port, "POST", "/v1/projects/alpha/machines", R"({"image":"image:1"})", right);
    EXPECT_EQ(created->status, 202);
    const auto is_active = [&] {
        const auto answer = request(port, "GET", "/v1/machines/alpha-1", "", right);
        return json::parse(answer->body)["machine"]["state"] == "active";
    };
    ASSERT_TRUE(eventually(is_active));
    const auto proxied = request(port, "GET", "/v1/projects/alpha/proxy/", "", right);
    EXPECT_EQ(json::parse(proxied->body)["authorization"], "") << "the token is not for machines";

    const std::string address = fmt::format("127.0.0.1:{}", port);
    const auto [locked, why] = refused({"reconcile", "--api", address});
    EXPECT_EQ(locked, 2);
    EXPECT_NE(why.find("--admin-token-file"), std::string::npos) << why;
    const auto [code, said] =
        refused({"reconcile", "--api", address, "--admin-token-file", folder / "admin"});
    EXPECT_EQ(code, 0) << said;
}

TEST_F(DoorsTest, AnOpenAddressIsRefusedWithoutAToken) {
    std::ofstream(folder / "short") << "too-short\n";
    std::filesystem::permissions(folder / "short", std::filesystem::perms::owner_read);
    std::ofstream(folder / "open") << std::string(64, 'a') << "\n";
    std::vector<std::string> words = command();
    words.erase(words.begin());
    words[1] = "0.0.0.0:0";
    const auto without = refused(words);
    EXPECT_EQ(without.first, 2);
    EXPECT_NE(without.second.find("--admin-token-file"), std::string::npos) << without.second;
    words.insert(words.end(), {"--admin-token-file", folder / "short"});
    const auto too_short = refused(words);
    EXPECT_EQ(too_short.first, 2);
    EXPECT_NE(too_short.second.find("fewer than 32"), std::string::npos) << too_short.second;
    words.back() = folder / "open";
    const auto readable = refused(words);
    EXPECT_EQ(readable.first, 2);
    EXPECT_NE(readable.second.find("chmod 600"), std::string::npos) << readable.second;
}

// A page of another site, or one whose name was made to stand for this address.
TEST_F(DoorsTest, PagesOfOtherSitesAreRefused) {
    start_server({"--host-names", "control.example,other.example"});
    const auto as = [&](std::map<std::string, std::string> headers) {
        std::string bytes =
            "POST /v1/projects/alpha/machines HTTP/1.1\r\nContent-Length: 2\r\n"
            "Connection: close\r\n";
        for (const auto& [name, value] : headers) bytes += fmt::format("{}: {}\r\n", name, value);
        const std::string answer = raw_request(port, bytes + "\r\n{}");
        return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
    };
    const std::string here = fmt::format("localhost:{}", port);
    constexpr int kServed = 400;  // it names no image
    EXPECT_EQ(as({{"Host", here}}), kServed);
    EXPECT_EQ(as({{"Host", "127.0.0.1"}}), kServed);
    EXPECT_EQ(as({{"Host", "[::1]:8700"}}), kServed);
    EXPECT_EQ(as({{"Host", "Control.Example"}}), kServed);
    EXPECT_EQ(as({{"Host", "evil.example"}}), 421);
    EXPECT_EQ(as({{"Host", fmt::format("evil.example:{}", port)}}), 421);
    EXPECT_EQ(as({{"Host", here}, {"Origin", "http://" + here}}), kServed);
    EXPECT_EQ(as({{"Host", here}, {"Origin", "https://control.example"}}), kServed);
    EXPECT_EQ(as({{"Host", here}, {"Origin", "https://evil.example"}}), 403);
    EXPECT_EQ(as({{"Host", here}, {"Origin", "null"}}), 403);
    EXPECT_EQ(as({{"Host", here},
                  {"Origin", fmt::format("http://{}\r\nOrigin: https://evil.example", here)}}),
              400);
    EXPECT_EQ(as({{"Host", here}, {"Origin", "https://control.example:3000"}}), 403);
    EXPECT_EQ(as({{"Host", here}, {"Sec-Fetch-Site", "cross-site"}}), 403);
}

TEST_F(DoorsTest, APageOfABoxIsNoPageOfOurs) {
    start_server();
    ASSERT_TRUE(becomes(create(), "active"));
    const auto page = ask("GET", "/v1/projects/alpha/proxy/page");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->headers.at("Content-Security-Policy"),
              "default-src 'self', sandbox allow-scripts allow-forms");
    EXPECT_EQ(page->headers.at("Set-Cookie"), "a=b");
    for (const char* name : {"Service-Worker-Allowed", "Access-Control-Allow-Origin",
                             "Access-Control-Allow-Credentials", "Strict-Transport-Security"}) {
        EXPECT_FALSE(page->headers.contains(name)) << name;
    }
    const auto plain = ask("GET", "/v1/projects/alpha/proxy/");
    EXPECT_EQ(plain->headers.at("Content-Security-Policy"), "sandbox allow-scripts allow-forms");
}

TEST_F(DoorsTest, AStatusThatThereIsNotIsAnErrorOfTheMachine) {
    start_server();
    ASSERT_TRUE(becomes(create(), "active"));
    for (const int odd : {99, 600, 999}) {
        const auto target = fmt::format("/v1/projects/alpha/proxy/status/{}", odd);
        EXPECT_EQ(status("GET", target), 502) << odd;
    }
    EXPECT_EQ(status("GET", "/v1/projects/alpha/proxy/status/418"), 418);
}

TEST_F(DoorsTest, SecretsThatEverybodyReadsAreRefused) {
    std::filesystem::permissions(folder / "token", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    std::vector<std::string> words = command();
    words.erase(words.begin());
    const auto [code, said] = refused(words);
    EXPECT_EQ(code, 2);
    EXPECT_NE(said.find("--fly-token-file"), std::string::npos) << said;
    EXPECT_NE(said.find("chmod 600"), std::string::npos) << said;
}

TEST_F(DoorsTest, ADatabaseThatIsForgottenIsRefused) {
    std::vector<std::string> words = command();
    words.erase(words.begin());
    const auto at = std::find(words.begin(), words.end(), "--database") + 1;
    for (const char* name : {":memory:", ""}) {
        *at = name;
        const auto [code, said] = refused(words);
        EXPECT_EQ(code, 2);
        EXPECT_NE(said.find("--database"), std::string::npos) << said;
    }
}

TEST_F(DoorsTest, AReportThatIsNoneIsRefusedInOneLine) {
    for (const char* body :
         {"{}", R"({"findings":[7],"unknown":[]})", R"({"findings":[],"unknown":[7]})",
          R"({"findings":[{"kind":7}],"unknown":[]})", "[]", ""}) {
        boost::asio::io_context context;
        lifecycle::server::HttpServer other(
            context, "127.0.0.1", 0,
            [body](const lifecycle::HttpRequest&, lifecycle::server::HttpServer::Respond respond) {
                respond(lifecycle::HttpResponse{200, {}, body});
            });
        const auto at = fmt::format("127.0.0.1:{}", other.port());
        std::jthread serving([&context] { context.run(); });
        const auto [code, said] = refused({"reconcile", "--api", at});
        context.stop();
        EXPECT_EQ(code, 2) << body;
        EXPECT_EQ(said,
                  fmt::format("lifecycled: no report from {}; is a server running there?\n", at))
            << body;
    }
}

}  // namespace
}  // namespace e2e
