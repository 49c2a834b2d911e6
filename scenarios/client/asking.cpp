#include "scenarios/client/asking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"
#include "system/model/secrets.hpp"

namespace scenarios {

namespace {

// Nothing if the answer is not as it has to be.
boost::asio::awaitable<std::optional<lifecycle::HttpResponse>> expect_answer(Stage stage, Ask ask) {
    auto answer = co_await stage.send(ask.request);
    const auto wrong = answer ? wrong_about(ask, *answer) : "it is not answered";
    if (wrong) {
        stage.expect(false, fmt::format("{}: {}", to_string(ask.request), *wrong));
        answer.reset();
    }
    co_return answer;
}

}  // namespace

Script expect_answers(Stage stage, std::vector<Ask> asks) {
    for (Ask& ask : asks) {
        const auto answer = co_await expect_answer(stage, std::move(ask));
        static_cast<void>(answer);
    }
}

Script expect_refusals(Stage stage, std::vector<Ask> asks) {
    if (asks.empty()) co_return;
    const std::string last = to_string(asks.back().request);
    const std::string before = rows_of(stage);
    co_await expect_answers(stage, std::move(asks));
    const std::string after = rows_of(stage);
    if (before == after) co_return;
    const auto differs = std::ranges::mismatch(before, after).in2 - after.begin();
    const auto line = after.rfind('\n', static_cast<std::size_t>(differs)) + 1;
    stage.expect(false,
                 fmt::format("what is refused changes no row, and there is {}; the last was {}",
                             after.substr(line, 200), last));
}

boost::asio::awaitable<nlohmann::json> expect_status(Stage stage, lifecycle::HttpRequest request,
                                                     int status) {
    Ask ask;
    ask.request = std::move(request);
    ask.status = status;
    const auto answer = co_await expect_answer(stage, std::move(ask));
    nlohmann::json body;
    if (answer) body = lifecycle::json_or_null(answer->body);
    co_return body;
}

boost::asio::awaitable<nlohmann::json> get(Stage stage, std::string target) {
    lifecycle::HttpRequest request = request_to(Entrance::clients, "GET", std::move(target));
    return expect_status(stage, std::move(request), 200);
}

boost::asio::awaitable<bool> soon(Stage stage, std::function<bool()> held) {
    const sim::VirtualTime end = stage.cluster().world().now() + std::chrono::seconds(5);
    while (!held() && stage.cluster().world().now() < end) {
        co_await stage.sleep(std::chrono::milliseconds(100));
    }
    co_return held();
}

std::string token_of(Stage stage, const std::string& machine) {
    const Shadow& shadow = stage.shadow();
    const auto known = shadow.credentials().find(machine);
    if (known == shadow.credentials().end() || known->second.empty()) return "of-nobody";
    const auto* live = shadow.live_credential(machine);
    const auto& shown = live != nullptr ? *live : known->second.begin()->second;
    return lifecycle::IdentityKey(kIdentityKey).token(machine, shown.boot, shown.epoch);
}

std::string secret_of(const std::string& machine) {
    return lifecycle::IdentityKey(kIdentityKey).bootstrap_secret(machine);
}

std::string rows_of(Stage stage) {
    std::string rows;
    for (const char* sql :
         {"SELECT * FROM project ORDER BY id",
          "SELECT id, state, daemon_status, provisioning_error FROM machine ORDER BY id",
          "SELECT id, kind, subject FROM outbox_event ORDER BY id",
          "SELECT * FROM machine_request ORDER BY id", "SELECT * FROM volume ORDER BY name",
          "SELECT * FROM github_binding ORDER BY project",
          "SELECT * FROM machine_history ORDER BY id", "SELECT * FROM credential ORDER BY machine",
          "SELECT id, state, result FROM delegation ORDER BY id",
          "SELECT * FROM project_error ORDER BY id"}) {
        rows += stage.cluster().ask(sql);
    }
    return rows;
}

}  // namespace scenarios
