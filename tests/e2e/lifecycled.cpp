#include "tests/e2e/lifecycled.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "system/server/http_client.hpp"

namespace e2e {

using nlohmann::json;
using tcp = boost::asio::ip::tcp;

namespace {

tcp::endpoint loopback(std::uint16_t port) {
    return {boost::asio::ip::address_v4::loopback(), port};
}

}  // namespace

std::optional<lifecycle::HttpResponse> request(std::uint16_t port, const std::string& method,
                                               const std::string& target, const std::string& body,
                                               const std::map<std::string, std::string>& headers) {
    boost::asio::io_context context;
    // Reads all certificates that the host trusts, which takes longer than most requests.
    thread_local lifecycle::server::BeastHttpClient client;
    lifecycle::HttpRequest asked;
    asked.method = method;
    asked.authority = fmt::format("127.0.0.1:{}", port);
    asked.target = target;
    asked.body = body;
    for (const auto& [name, value] : headers) asked.headers[name] = value;
    std::optional<lifecycle::HttpResponse> answer;
    boost::asio::co_spawn(context, client.send(asked, std::chrono::seconds(10)),
                          [&](auto, auto result) {
                              if (result) answer = std::move(*result);
                          });
    context.run();
    return answer;
}

std::string raw_request(std::uint16_t port, const std::string& bytes) {
    boost::asio::io_context context;
    tcp::socket socket(context);
    boost::system::error_code error;
    socket.connect(loopback(port), error);
    if (error) return {};
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
}

std::pair<int, std::string> refused(std::vector<std::string> words) {
    words.insert(words.begin(), kLifecycled);
    Child child(words);
    const int code = child.wait();
    return {code, child.remaining_output()};
}

std::uint16_t free_port() {
    // Below those that the kernel gives to any connection of this host, such as another test's.
    constexpr int kFirst = 10'000;
    constexpr int kPorts = 20'000;
    constexpr int kOfOneProcess = 32;
    static int next = 0;
    for (;;) {
        const int port = kFirst + (getpid() * kOfOneProcess + next++) % kPorts;
        boost::asio::io_context context;
        tcp::acceptor acceptor(context);
        boost::system::error_code taken;
        acceptor.open(tcp::v4());
        acceptor.bind(loopback(static_cast<std::uint16_t>(port)), taken);
        if (!taken) return static_cast<std::uint16_t>(port);
    }
}

bool eventually(const std::function<bool()>& holds, int seconds) {
    for (int i = 0; i < 10 * seconds; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
}

LifecycledTest::LifecycledTest()
    : folder(std::filesystem::path(testing::TempDir()) / fmt::format("vivarium-{}", getpid())),
      daemon_port(free_port()),
      cloud({kFakeCloud, fmt::format("{}", daemon_port)}),
      port(free_port()),
      box_port(free_port()) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "token") << "fly-token\n";
    std::filesystem::permissions(folder / "token", kForItsOwner);
    cloud_control = static_cast<std::uint16_t>(std::atoi(cloud.wait_for("control ").c_str()));
    fly_port = cloud.wait_for("ready ");
}

void LifecycledTest::TearDown() {
    server.reset();
    std::filesystem::remove_all(folder);
}

std::vector<std::string> LifecycledTest::command() const {
    const std::string box_address = fmt::format("127.0.0.1:{}", box_port);
    return {kLifecycled,
            "--listen",
            fmt::format("127.0.0.1:{}", port),
            "--box-listen",
            box_address,
            "--control",
            box_address,
            "--database",
            folder / "lifecycle.db",
            "--fly-api",
            fmt::format("127.0.0.1:{}", fly_port),
            "--fly-app",
            "vivarium",
            "--fly-token-file",
            folder / "token",
            "--daemon-port",
            fmt::format("{}", daemon_port)};
}

void LifecycledTest::start_server(const std::vector<std::string>& more) {
    std::vector<std::string> words = command();
    words.insert(words.end(), more.begin(), more.end());
    server = std::make_unique<Child>(words);
    const std::string line = server->wait_for("\"event\":\"server.listening\"");
    ASSERT_NE(line, "") << server->remaining_output();
}

void LifecycledTest::start_server_with_stderr(int descriptor) {
    server = std::make_unique<Child>(command(), descriptor);
    ASSERT_TRUE(eventually([this] { return status("GET", "/v1/health") == 200; }));
}

int LifecycledTest::status(const std::string& method, const std::string& target,
                           const std::string& body) const {
    const auto answer = ask(method, target, body);
    return answer ? answer->status : 0;
}

std::string LifecycledTest::state(const std::string& machine) const {
    const auto answer = ask("GET", "/v1/machines/" + machine);
    return answer ? json::parse(answer->body)["machine"].value("state", "") : "";
}

bool LifecycledTest::becomes(const std::string& machine, const std::string& wanted) const {
    return eventually([&] { return state(machine) == wanted; });
}

std::string LifecycledTest::create(const std::string& project) const {
    const auto answer =
        ask("POST", fmt::format("/v1/projects/{}/machines", project), R"({"image":"image:1"})");
    return answer ? json::parse(answer->body)["machine"].value("id", "") : "";
}

}  // namespace e2e
