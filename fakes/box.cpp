#include "fakes/box.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "fakes/json.hpp"
#include "fakes/json_reply.hpp"
#include "system/ports/daemon.hpp"

namespace fakes {
namespace {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::Time;
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

constexpr std::array<Duration, 3> kMutes = {Duration(0), seconds(180), seconds(900)};
constexpr sim::LaneKind kMute = sim::fault("box.mute", 1, 20, [](std::uint64_t value) {
    return "does not call home for " + std::to_string(kMutes[value].count() / 1'000'000) +
           " s, soon after it has booted";
});
constexpr sim::LaneKind kDiskLoss = sim::fault(
    "box.disk-loss", 1, 10, [](std::uint64_t) { return std::string("boots with an empty disk"); });
constexpr sim::LaneKind kWork = sim::choice("box.work", [](std::uint64_t value) {
    return "works for " + std::to_string(2 + 30 * value) + " s";
});

// The rest of a path that names the status of the answer.
constexpr std::string_view kAnswers = "/answers/";

// What a browser is to be told, of this box and of whatever is at the same origin.
HttpResponse page() {
    HttpResponse answer;
    answer.headers["Content-Type"] = "text/html";
    answer.headers["Content-Security-Policy"] = "default-src 'self'";
    for (const char* name : {"Service-Worker-Allowed", "Access-Control-Allow-Origin",
                             "Access-Control-Allow-Credentials", "Strict-Transport-Security"}) {
        answer.headers[name] = "anything";
    }
    return answer;
}

}  // namespace

Box::Box(BoxPorts ports, BoxIdentity identity, BoxDisk& disk, const BoxOptions& options,
         std::function<void(const std::string&)> on_processed)
    : ports_(std::move(ports)),
      identity_(std::move(identity)),
      disk_(disk),
      options_(options),
      on_processed_(std::move(on_processed)),
      boot_lane_(ports_.tape.lane("box boot", kBoot)),
      slow_lane_(ports_.tape.lane("box slow boot", kSlowBoot)),
      unwell_lane_(ports_.tape.lane("box unwell", kUnwell)),
      mute_lane_(ports_.tape.lane("box mute", kMute)),
      disk_lane_(ports_.tape.lane("box disk loss", kDiskLoss)),
      work_lane_(ports_.tape.lane("box work", kWork)) {}

void Box::boot(std::function<void()> listen) {
    const auto steps = static_cast<std::int64_t>(ports_.tape.draw(boot_lane_, 40));
    const Duration slow = kSlowBoots[ports_.tape.draw(slow_lane_, kSlowBoots.size())];
    unwell_probes_ = 2 * ports_.tape.draw(unwell_lane_, 4);
    const Duration mute = kMutes[ports_.tape.draw(mute_lane_, kMutes.size())];
    if (ports_.tape.chance(disk_lane_) || options_.loses_disk) disk_.token.clear();
    const Duration boots = seconds(1) + milliseconds(250) * steps + slow;
    mute_until_ = mute.count() == 0 ? Time{} : ports_.clock.now() + boots + seconds(90) + mute;
    mute_from_ = ports_.clock.now() + boots + seconds(90);
    ports_.clock.schedule(ports_.clock.now() + boots, [this, listen = std::move(listen)] {
        listening_since_ = ports_.clock.now();
        listen();
        keep_calling();
    });
}

void Box::keep_calling() {
    boost::asio::co_spawn(
        ports_.executor, call_home(), [this](std::exception_ptr failure, Duration pause) {
            if (failure) std::rethrow_exception(failure);
            if (pause.count() == 0) return;
            ports_.clock.schedule(ports_.clock.now() + pause, [this] { keep_calling(); });
        });
}

boost::asio::awaitable<Duration> Box::call_home() {
    const Time now = ports_.clock.now();
    const bool falls_mute =
        options_.mute_after.count() > 0 && now - listening_since_ >= options_.mute_after;
    if (options_.mute || falls_mute || (now >= mute_from_ && now < mute_until_))
        co_return seconds(30);
    if (token_.empty()) co_return co_await introduce();
    co_return co_await report();
}

boost::asio::awaitable<HttpResponse> Box::send(std::string path, std::string bearer,
                                               std::string body) {
    HttpRequest request;
    request.method = "POST";
    request.authority = identity_.control_authority;
    request.target = std::move(path);
    request.headers["Content-Type"] = "application/json";
    request.headers["Authorization"] = "Bearer " + bearer;
    request.body = std::move(body);
    auto answer = co_await ports_.http.send(std::move(request), seconds(10));
    HttpResponse nothing;
    nothing.status = 0;
    co_return answer ? std::move(*answer) : nothing;
}

boost::asio::awaitable<Duration> Box::introduce() {
    std::string body =
        json_text(json{{"boot", identity_.boot}, {"token", disk_.token}, {"status", "ready"}});
    std::string path = fmt::format("/v1/machines/{}/register", identity_.machine);
    const HttpResponse answer = co_await send(std::move(path), identity_.secret, std::move(body));
    if (answer.status == 410) co_return stop();
    if (answer.status == 401 && options_.terminal_401) co_return Duration(0);
    if (answer.status != 200) co_return back_off();
    token_ = json_or_null(answer.body).value("token", "");
    disk_.token = token_;
    co_return heard(answer);
}

boost::asio::awaitable<Duration> Box::report() {
    std::string path = fmt::format("/v1/machines/{}/status", identity_.machine);
    const HttpResponse answer = co_await send(std::move(path), token_, R"({"status": "ready"})");
    if (answer.status == 410) co_return stop();
    if (answer.status == 200) co_return heard(answer);
    // Whatever it has is not good any more, or not known any more: it introduces itself again.
    if (answer.status == 401 || answer.status == 403 || answer.status == 404) token_.clear();
    co_return back_off();
}

Duration Box::heard(const HttpResponse& answer) {
    refusals_ = 0;
    if (options_.chatty.count() > 0) return options_.chatty;
    return seconds(json_or_null(answer.body).value("heartbeat_every_s", 30));
}

Duration Box::back_off() {
    ++refusals_;
    return seconds(std::min(2 * refusals_, 30));
}

Duration Box::stop() {
    stopped_ = true;
    token_.clear();
    disk_.token.clear();
    return Duration(0);
}

HttpResponse Box::take(const HttpRequest& request) {
    const std::string id = json_or_null(request.body).value("id", "");
    if (!options_.hung && taken_.insert(id).second) {
        const auto steps = static_cast<std::int64_t>(ports_.tape.draw(work_lane_, 8));
        ports_.clock.schedule(ports_.clock.now() + seconds(2) + seconds(30) * steps, [this, id] {
            on_processed_(id);
            keep_concluding(id);
        });
    }
    return reply(202, json{{"taken", id}});
}

void Box::keep_concluding(const std::string& delegation) {
    boost::asio::co_spawn(ports_.executor, conclude(delegation),
                          [this, delegation](std::exception_ptr failure, bool done) {
                              if (failure) std::rethrow_exception(failure);
                              if (done || stopped_) return;
                              ports_.clock.schedule(
                                  ports_.clock.now() + seconds(10),
                                  [this, delegation] { keep_concluding(delegation); });
                          });
}

boost::asio::awaitable<bool> Box::conclude(std::string delegation) {
    if (token_.empty() || options_.mute) co_return false;
    std::string path = fmt::format("/v1/delegations/{}/result", delegation);
    const HttpResponse answer =
        co_await send(std::move(path), token_, R"({"outcome": "processed", "result": "done"})");
    co_return answer.status == 200 || answer.status == 403 || answer.status == 404 ||
        answer.status == 409 || answer.status == 410;
}

HttpResponse Box::handle(const HttpRequest& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (stopped_) return reply(503, json{{"status", "this machine has been replaced"}});
    if (path == lifecycle::kHealthPath) {
        if (ports_.clock.now() - listening_since_ < options_.warms_up) {
            return reply(503, json{{"status", "warming up"}});
        }
        if (unwell_probes_ > 0) {
            --unwell_probes_;
            return reply(503, json{{"status", "warming up"}});
        }
        HttpResponse well = reply(200, json{{"status", "ok"}});
        well.headers[lifecycle::kBootHeader] = identity_.boot;
        return well;
    }
    if (path == "/agents") {
        return reply(200, json{{"machine", identity_.machine},
                               {"agents", json::array({{{"id", "agent-1"}, {"status", "idle"}}})}});
    }
    if (path == "/delegations" && request.method == "POST") return take(request);
    if (path.starts_with(kAnswers)) {
        int status = 0;
        std::from_chars(path.data() + kAnswers.size(), path.data() + path.size(), status);
        return reply(status, {});
    }
    if (path == "/page") return page();
    const auto shown = request.headers.find("Authorization");
    return reply(200, json{{"machine", identity_.machine},
                           {"authorization", shown == request.headers.end() ? "" : shown->second},
                           {"method", request.method},
                           {"path", path},
                           {"bytes", request.body.size()}});
}

}  // namespace fakes
