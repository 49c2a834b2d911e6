#include "scenarios/client/stage.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/sites.hpp"
#include "sim/net/network.hpp"
#include "system/model/json.hpp"
#include "system/model/signature.hpp"
#include "system/ports/suspend.hpp"

namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr sim::Duration kPatience = seconds(15);

std::string field(const HttpResponse& response, const char* name) {
    const json body = lifecycle::json_or_null(response.body);
    if (!body.is_object() || !body.contains("machine")) return {};
    return body["machine"].value(name, "");
}

// At the address for clients; an empty bearer: by nobody.
HttpRequest request_of(std::string method, std::string target, std::string body,
                       const std::string& bearer) {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = kApiAuthority;
    request.target = std::move(target);
    request.body = std::move(body);
    if (!bearer.empty()) request.headers["Authorization"] = "Bearer " + bearer;
    return request;
}

HttpRequest post(std::string target) {
    return request_of("POST", std::move(target), "", kAdminToken);
}

}  // namespace

boost::asio::awaitable<void> Stage::sleep(sim::Duration duration) {
    sim::Process& client = cluster_->client();
    std::move_only_function<void(lifecycle::Resume<bool>)> start =
        [&client, duration](lifecycle::Resume<bool> resume) {
            client.at(client.world().now() + duration,
                      [wake = std::move(resume)]() mutable { wake(true); });
        };
    const bool woken = co_await lifecycle::suspend<bool>(std::move(start));
    static_cast<void>(woken);
}

boost::asio::awaitable<std::optional<HttpResponse>> Stage::call(std::string method,
                                                                std::string target,
                                                                std::string body,
                                                                std::string bearer) {
    return send(request_of(std::move(method), std::move(target), std::move(body), bearer));
}

boost::asio::awaitable<std::optional<HttpResponse>> Stage::post_under(std::string key,
                                                                      std::string target,
                                                                      std::string body) {
    HttpRequest request = request_of("POST", std::move(target), std::move(body), kAdminToken);
    request.headers["Idempotency-Key"] = std::move(key);
    return send(std::move(request));
}

boost::asio::awaitable<std::optional<HttpResponse>> Stage::call_as_box(std::string method,
                                                                       std::string target,
                                                                       std::string body,
                                                                       std::string bearer) {
    HttpRequest request = request_of(std::move(method), std::move(target), std::move(body), bearer);
    request.authority = kControlAuthority;
    return send(std::move(request));
}

boost::asio::awaitable<std::optional<HttpResponse>> Stage::send(HttpRequest request) {
    fakes::SimHttpClient http(cluster_->client());
    auto answer = co_await http.send(std::move(request), kPatience);
    if (!answer) co_return std::nullopt;
    co_return std::move(*answer);
}

boost::asio::awaitable<HttpResponse> Stage::insist(HttpRequest request) {
    fakes::SimHttpClient http(cluster_->client());
    for (;;) {
        HttpRequest copy = request;
        auto answer = co_await http.send(std::move(copy), kPatience);
        if (answer && answer->status < 500) co_return std::move(*answer);
        co_await sleep(seconds(2));
    }
}

boost::asio::awaitable<std::string> Stage::create(std::string project, std::string provider,
                                                  std::int64_t volume_gb) {
    json body = {{"image", "registry.fly.io/vivarium:1"}, {"provider", provider}};
    if (site_of(provider).sizes_machines) body["memory_mb"] = 1024;
    if (volume_gb > 0) body["volume_gb"] = volume_gb;
    return ask_for_machine(std::move(project), lifecycle::json_text(body));
}

boost::asio::awaitable<std::string> Stage::create_slow(std::string project,
                                                       std::int64_t active_within_s) {
    const json body = {{"image", "registry.fly.io/vivarium:1"},
                       {"active_within_s", active_within_s}};
    return ask_for_machine(std::move(project), lifecycle::json_text(body));
}

boost::asio::awaitable<std::string> Stage::ask_for_machine(std::string project, std::string body) {
    HttpRequest request = post(fmt::format("/v1/projects/{}/machines", project));
    // One intention, however often it has to be sent.
    request.headers["Idempotency-Key"] =
        fmt::format("intention-{}", cluster_->world().now().count());
    request.body = std::move(body);
    const HttpResponse response = co_await insist(std::move(request));
    expect(response.status == 202,
           fmt::format("a create is answered 202, not {}: {}", response.status, response.body));
    std::string machine = field(response, "id");
    cluster_->witnesses().tell(&Witness::on_acknowledged, {machine, false});
    co_return machine;
}

boost::asio::awaitable<int> Stage::introduce(std::string machine, std::string secret) {
    HttpRequest request = post(fmt::format("/v1/machines/{}/register", machine));
    request.authority = kControlAuthority;
    request.headers["Authorization"] = "Bearer " + secret;
    request.body = lifecycle::json_text(json{{"boot", "boot-of-somebody"}, {"status", "ready"}});
    const HttpResponse response = co_await insist(std::move(request));
    co_return response.status;
}

boost::asio::awaitable<Stage::Recreated> Stage::recreate(std::string project, std::string machine) {
    HttpRequest request = post(fmt::format("/v1/projects/{}/recreate", project));
    json body = {{"reason", "an admin wants it"}};
    if (!machine.empty()) body["machine"] = machine;
    request.body = lifecycle::json_text(body);
    const HttpResponse response = co_await insist(std::move(request));
    expect(response.status == 202 || response.status == 409 || response.status == 404,
           fmt::format("a recreation is not answered {}: {}", response.status, response.body));
    if (response.status != 202) co_return Recreated{};
    const json answer = lifecycle::json_or_null(response.body);
    co_return Recreated{field(response, "id"), answer.value("joined", false)};
}

boost::asio::awaitable<int> Stage::restart(std::string machine, std::string key) {
    HttpRequest request = post(fmt::format("/v1/machines/{}/restart", machine));
    request.headers["Idempotency-Key"] = std::move(key);
    const HttpResponse response = co_await insist(std::move(request));
    co_return response.status;
}

boost::asio::awaitable<std::string> Stage::delegate(std::string project, std::int64_t timeout_s) {
    HttpRequest request = post(fmt::format("/v1/projects/{}/delegations", project));
    request.headers["Idempotency-Key"] =
        fmt::format("delegation-{}", cluster_->world().now().count());
    request.body = lifecycle::json_text(
        json{{"agent", "agent-1"}, {"payload", {{"say", "hello"}}}, {"timeout_s", timeout_s}});
    const HttpResponse response = co_await insist(std::move(request));
    expect(response.status == 202 || response.status == 404 || response.status == 409,
           fmt::format("a delegation is not answered {}: {}", response.status, response.body));
    const json body = lifecycle::json_or_null(response.body);
    if (response.status != 202) co_return std::string();
    co_return body["delegation"].value("id", "");
}

boost::asio::awaitable<bool> Stage::until_delegation(std::string delegation,
                                                     lifecycle::DelegationState state,
                                                     sim::Duration within) {
    const sim::VirtualTime deadline = cluster_->world().now() + within;
    while (cluster_->world().now() < deadline) {
        const auto found = shadow().delegations().find(delegation);
        if (found != shadow().delegations().end() && found->second.state == state) co_return true;
        co_await sleep(seconds(5));
    }
    co_return false;
}

boost::asio::awaitable<std::optional<bool>> Stage::online(std::string project) {
    const auto answer = co_await call("GET", "/v1/projects/" + project);
    if (!answer || answer->status != 200) co_return std::nullopt;
    co_return lifecycle::json_or_null(answer->body)["project"].value("online", false);
}

boost::asio::awaitable<std::string> Stage::last_error(std::string project) {
    const auto answer = co_await call("GET", "/v1/projects/" + project);
    if (!answer || answer->status != 200) co_return std::string();
    co_return lifecycle::json_or_null(answer->body)["project"].value("last_error", "");
}

boost::asio::awaitable<void> Stage::retire(std::string machine) {
    HttpRequest request = post(fmt::format("/v1/machines/{}/retire", machine));
    const HttpResponse response = co_await insist(std::move(request));
    expect(response.status == 202 || response.status == 409,
           fmt::format("a retirement is answered 202 or, for a failed machine, 409; not {}: {}",
                       response.status, response.body));
    if (response.status == 202)
        cluster_->witnesses().tell(&Witness::on_acknowledged, {machine, true});
}

boost::asio::awaitable<void> Stage::archive(std::string project) {
    HttpRequest request = post(fmt::format("/v1/projects/{}/archive", project));
    const HttpResponse response = co_await insist(std::move(request));
    expect(response.status == 202, "a project is archived");
}

boost::asio::awaitable<int> Stage::push(Push push) {
    HttpRequest request = post("/v1/webhooks/github");
    request.headers.erase("Authorization");  // GitHub has no token of ours
    json body = {{"ref", "refs/heads/main"},
                 {"after", push.commit},
                 {"repository", {{"full_name", push.repository}}}};
    if (push.pushed_at > 0) body["repository"]["pushed_at"] = push.pushed_at;
    request.body = lifecycle::json_text(body);
    request.headers["X-GitHub-Event"] = "push";
    request.headers["X-GitHub-Delivery"] =
        push.delivery.empty() ? "delivery of " + push.commit : push.delivery;
    request.headers["X-Hub-Signature-256"] =
        "sha256=" + lifecycle::hmac_sha256(push.secret, request.body);
    const HttpResponse response = co_await insist(std::move(request));
    co_return response.status;
}

boost::asio::awaitable<std::int64_t> Stage::metric(std::string name) {
    const auto answer = co_await call("GET", "/v1/metrics");
    if (!answer || answer->status != 200) co_return -1;
    std::int64_t sum = 0;
    std::istringstream lines(answer->body);
    for (std::string line; std::getline(lines, line);) {
        const std::string prefix = "lifecycled_" + name;
        if (!line.starts_with(prefix)) continue;
        const char next = line.size() > prefix.size() ? line[prefix.size()] : ' ';
        if (next != ' ' && next != '{') continue;
        sum += std::stoll(line.substr(line.rfind(' ') + 1));
    }
    co_return sum;
}

boost::asio::awaitable<bool> Stage::until(std::string machine, std::string state,
                                          sim::Duration within) {
    const sim::VirtualTime deadline = cluster_->world().now() + within;
    while (cluster_->world().now() < deadline) {
        const auto answer = co_await call("GET", "/v1/machines/" + machine);
        if (answer && field(*answer, "state") == state) co_return true;
        co_await sleep(seconds(5));
    }
    co_return false;
}

boost::asio::awaitable<void> Stage::expect_active(std::string machine) {
    const bool active = co_await until(std::move(machine), "active", std::chrono::minutes(30));
    expect(active, "the machine becomes active");
}

boost::asio::awaitable<void> Stage::expect_one_active(std::string machine) {
    const bool active = co_await until(machine, "active", std::chrono::minutes(15));
    expect(active, "the machine becomes active");
    expect(count(machine) == 1, "the provider has one of its name");
    expect(shadow().readiness_events(machine) == 1, "readiness was enqueued once");
}

const lifecycle::Machine& Stage::machine(const std::string& id) const {
    const lifecycle::Machine* found = shadow().machine(id);
    if (found == nullptr) throw std::runtime_error("there is no row of machine " + id);
    return *found;
}

const fakes::FlyMachine& Stage::fly_machine(const std::string& name) {
    const fakes::FlyMachine* found = fly().find_by_name(name);
    if (found == nullptr) throw std::runtime_error("Fly has no machine " + name);
    return *found;
}

bool Stage::exists(const std::string& machine) const {
    for (const fakes::CloudMachine& resource : cluster_->inventory()) {
        if (resource.name == machine && !resource.leaving) return true;
    }
    return false;
}

std::string Stage::volume_of(const std::string& project) const {
    for (const auto& [name, volume] : shadow().volumes()) {
        const bool its = volume.project == project;
        if (its && volume.state == lifecycle::VolumeState::present) return volume.external_id;
    }
    return {};
}

int Stage::count(const std::string& machine) const {
    int count = 0;
    for (const fakes::CloudMachine& resource : cluster_->inventory()) {
        const auto label = resource.labels.find("vivarium_machine");
        const bool its = label != resource.labels.end() && label->second == machine;
        if (its && !resource.leaving) ++count;
    }
    return count;
}

void Stage::expect(bool held, std::string_view what) {
    if (!held) cluster_->witnesses().tell(&Witness::on_script_failure, what);
}

namespace {

// Who had a volume wants it again.
std::int64_t newest_volume_gb(const Shadow& shadow, const std::string& project) {
    const lifecycle::Machine* newest = nullptr;
    for (const auto& [id, machine] : shadow.machines()) {
        if (machine.project != project) continue;
        if (newest == nullptr || machine.generation > newest->generation) newest = &machine;
    }
    return newest == nullptr ? 0 : newest->spec.volume_gb;
}

}  // namespace

Script demand_machines(Stage stage) {
    std::vector<std::string> projects;
    for (const auto& [id, project] : stage.shadow().projects()) {
        // Nobody wants a machine of a project that was given up.
        if (!project.archived) projects.push_back(id);
    }
    for (const std::string& project : projects) {
        Demand demand;
        demand.project = project;
        demand.machine = stage.shadow().projects().at(project).active_machine;
        // A machine that was lost behind our back is as good as none.
        if (!demand.machine.empty() && !stage.exists(demand.machine)) {
            demand.machine.clear();
        }
        if (demand.machine.empty()) {
            const std::int64_t volume_gb = newest_volume_gb(stage.shadow(), project);
            demand.machine = co_await stage.create(project, "fly", volume_gb);
            const bool active = co_await stage.until(demand.machine, "active", minutes(10));
            if (!active) demand.machine.clear();
        }
        std::string target = fmt::format("/v1/projects/{}/proxy/hello", project);
        const auto answer = co_await stage.call("GET", std::move(target));
        if (answer) demand.proxy_status = answer->status;
        stage.cluster().demands().push_back(demand);
    }
}

}  // namespace scenarios
