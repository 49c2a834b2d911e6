#include "fakes/box.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "fakes/json_reply.hpp"

namespace fakes {
namespace {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<Duration, 4> kSlowBoots = {Duration(0), seconds(30), seconds(120),
                                                seconds(400)};

constexpr sim::LaneKind kBoot = sim::choice("box.boot", [](std::uint64_t value) {
    return "boots for " + std::to_string(1000 + 250 * value) + " ms";
});
constexpr sim::LaneKind kSlowBoot = sim::fault("box.slow-boot", 1, 10, [](std::uint64_t value) {
    return "boots slowly, by " + std::to_string(kSlowBoots[value].count() / 1'000'000) + " s";
});
constexpr sim::LaneKind kUnwell = sim::fault("box.unwell", 1, 10, [](std::uint64_t value) {
    return "fails its first " + std::to_string(2 * value) + " health probes";
});

}  // namespace

Box::Box(BoxPorts ports, BoxIdentity identity)
    : ports_(std::move(ports)),
      identity_(std::move(identity)),
      boot_lane_(ports_.tape.lane("box boot", kBoot)),
      slow_lane_(ports_.tape.lane("box slow boot", kSlowBoot)),
      unwell_lane_(ports_.tape.lane("box unwell", kUnwell)) {}

void Box::boot(std::function<void()> listen) {
    const auto steps = static_cast<std::int64_t>(ports_.tape.draw(boot_lane_, 40));
    const Duration slow = kSlowBoots[ports_.tape.draw(slow_lane_, kSlowBoots.size())];
    unwell_probes_ = 2 * ports_.tape.draw(unwell_lane_, 4);
    ports_.clock.schedule(ports_.clock.now() + seconds(1) + milliseconds(250) * steps + slow,
                          [this, listen = std::move(listen)] {
                              listen();
                              report_until_heard();
                          });
}

boost::asio::awaitable<int> Box::report(std::string status) {
    HttpRequest request;
    request.method = "POST";
    request.authority = identity_.control_authority;
    request.target = fmt::format("/v1/machines/{}/status", identity_.machine);
    request.headers["Content-Type"] = "application/json";
    request.body = json{{"status", status}}.dump();
    const auto answer = co_await ports_.http.send(std::move(request), seconds(10));
    co_return answer ? answer->status : 0;
}

void Box::report_until_heard() {
    boost::asio::co_spawn(
        ports_.executor, report("ready"), [this](std::exception_ptr failure, int status) {
            if (failure) std::rethrow_exception(failure);
            const bool heard = status >= 200 && status < 300;
            const bool refused = status == 404 || status == 409 || status == 410;
            if (heard || refused) return;
            ++reports_;
            const Duration pause = seconds(std::min(2 * reports_, 30));
            ports_.clock.schedule(ports_.clock.now() + pause, [this] { report_until_heard(); });
        });
}

HttpResponse Box::handle(const HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/healthz") {
        if (unwell_probes_ > 0) {
            --unwell_probes_;
            return reply(503, json{{"status", "warming up"}});
        }
        return reply(200, json{{"status", "ok"}});
    }
    if (path == "/agents") {
        return reply(200, json{{"machine", identity_.machine},
                               {"agents", json::array({{{"id", "agent-1"}, {"status", "idle"}}})}});
    }
    return reply(200, json{{"machine", identity_.machine},
                           {"method", request.method},
                           {"path", path},
                           {"bytes", request.body.size()}});
}

}  // namespace fakes
