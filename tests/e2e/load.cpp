#include "tests/e2e/load.hpp"

#include <fmt/format.h>

#include <chrono>

#include "system/model/signature.hpp"

namespace e2e {
namespace {

using nlohmann::json;

std::atomic<int> requests_in_hand = 0;

std::optional<lifecycle::HttpResponse> counted(std::uint16_t port, const Promise& asked) {
    ++requests_in_hand;
    auto answer = request(port, asked.method, asked.target, asked.body, asked.headers);
    --requests_in_hand;
    return answer;
}

void pause(int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

void ProjectClient::run(std::uint16_t port, const std::atomic<bool>& stop) {
    port_ = port;
    while (!stop) {
        step();
        pause(static_cast<int>(random_() % 100));
    }
    // In the end it wants a machine more often than not.
    if (archived_ && random_() % 4 != 0) create();
}

void ProjectClient::step() {
    const auto turn = random_() % 100;
    if (archived_ || turn < 10) return create();
    if (turn < 15 && may_archive_) return archive();
    if (turn < 25) return recreate();
    if (turn < 40) return push();
    if (turn < 60) return delegate();
    pass_on();
}

std::string ProjectClient::next_key(const char* kind) {
    return fmt::format("{}-{}-{}", kind, project_, ++asked_);
}

lifecycle::HttpResponse ProjectClient::insist(const Promise& asked) const {
    for (;;) {
        auto answer = counted(port_, asked);
        if (answer && answer->status < 500) return *std::move(answer);
        pause(20);
    }
}

void ProjectClient::keep(Promise asked, const json& machine, bool queued) {
    asked.machine = machine.value("id", "");
    asked.queued = queued;
    promises_.push_back(std::move(asked));
}

void ProjectClient::create() {
    Promise asked("a machine", fmt::format("/v1/projects/{}/machines", project_));
    asked.body = json{{"image", "image:1"}, {"volume_gb", with_volume_ ? 1 : 0}}.dump();
    asked.headers = {{"Idempotency-Key", next_key("create")}};
    asked.repeatable = true;
    const auto answer = insist(asked);
    if (answer.status != 202) return;
    known_ = true;
    archived_ = false;
    const json said = json::parse(answer.body);
    keep(std::move(asked), said["machine"], said["queued"]);
}

void ProjectClient::archive() {
    const Promise asked("an end", fmt::format("/v1/projects/{}/archive", project_));
    if (insist(asked).status != 202) return;
    archived_ = true;
    bound_ = false;
    for (Promise& earlier : promises_) earlier.over = true;
}

// Without a key: asked again, it would be another wish.
void ProjectClient::recreate() {
    Promise asked("a recreation", fmt::format("/v1/projects/{}/recreate", project_));
    asked.body = R"({"reason": "a person wants it"})";
    const auto answer = insist(asked);
    if (answer.status != 202) return;
    keep(std::move(asked), json::parse(answer.body)["machine"], false);
}

void ProjectClient::bind() {
    Promise asked("a binding", fmt::format("/v1/projects/{}/github", project_));
    asked.method = "PUT";
    asked.body = json{{"repository", "owner/" + project_}}.dump();
    bound_ = insist(asked).status == 200;
}

void ProjectClient::push() {
    if (!bound_) return bind();
    const std::string commit = next_key("commit");
    Promise asked("a push", "/v1/webhooks/github");
    asked.body = json{{"ref", "refs/heads/main"},
                      {"after", commit},
                      {"repository", {{"full_name", "owner/" + project_}}}}
                     .dump();
    asked.headers = {
        {"X-GitHub-Delivery", commit},
        {"X-GitHub-Event", "push"},
        {"X-Hub-Signature-256", "sha256=" + lifecycle::hmac_sha256(kGithubSecret, asked.body)}};
    asked.repeatable = true;
    const auto answer = insist(asked);
    if (answer.status != 202) return;
    const json said = json::parse(answer.body);
    // Without a machine the binding is lost, which was promised: what is named nowhere is missed.
    const json machine =
        said["machines"].empty() ? json{{"id", "for the push"}} : said["machines"][0];
    keep(std::move(asked), machine, !said["queued"].empty());
}

void ProjectClient::delegate() {
    Promise asked("work", fmt::format("/v1/projects/{}/delegations", project_));
    asked.body =
        json{{"agent", "agent-1"}, {"payload", json::object()}, {"timeout_s", work_seconds_}}
            .dump();
    asked.headers = {{"Idempotency-Key", next_key("work")}};
    const auto answer = insist(asked);
    if (answer.status != 202) return;
    delegations_.push_back(json::parse(answer.body)["delegation"].value("id", ""));
}

void ProjectClient::pass_on() {
    Promise asked("an answer", fmt::format("/v1/projects/{}/proxy/hello", project_));
    asked.method = "GET";
    static_cast<void>(counted(port_, asked));
}

Load::Load(const LoadOptions& options, std::uint64_t seed) {
    for (int i = 0; i < options.projects; ++i) {
        clients_.emplace_back(fmt::format("p{}", i), i % 3 == 1, options,
                              seed * 1000 + static_cast<std::uint64_t>(i));
    }
}

void Load::start(std::uint16_t port) {
    for (ProjectClient& client : clients_) {
        threads_.emplace_back([this, &client, port] { client.run(port, stop_); });
    }
}

void Load::stop() {
    stop_ = true;
    threads_.clear();
}

int Load::in_hand() {
    return requests_in_hand;
}

}  // namespace e2e
