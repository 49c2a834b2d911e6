#include "fakes/daytona/cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "fakes/json.hpp"
#include "fakes/json_reply.hpp"
#include "fakes/mishap.hpp"
#include "fakes/query.hpp"
#include "fakes/timestamp.hpp"
#include "sim/world/hash.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

namespace fakes {
namespace {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kStartingAtMost = minutes(5);
constexpr Duration kCreatingAtMost = minutes(15);
constexpr Duration kAnswersWithin = seconds(30);

// What the snapshots here say: a sandbox is as large as the snapshot that it is made from.
constexpr int kCpus = 2;
constexpr int kMemoryGib = 4;
constexpr int kDiskGib = 8;

constexpr std::array<Mishap, 5> kMishaps = {{
    {"is well"},
    {"answers 502 and does nothing", 502, "Bad Gateway"},
    {"answers 429", 429, "Rate limit exceeded"},
    {"says that a change is in progress", 409, "Sandbox state change in progress", false, true},
    {"does what was asked and answers 504", 504, "Gateway Timeout", true},
}};
std::string capacity_words(std::uint64_t value) {
    constexpr std::array<const char*, 3> kWords = {"has room", "has no available runners",
                                                   "finds the quota used up"};
    return kWords[value];
}
constexpr sim::LaneKind kMishap = sim::fault("daytona.mishap", 1, 40, mishap_words<kMishaps>);
constexpr sim::LaneKind kCapacity = sim::fault("daytona.capacity", 1, 30, capacity_words);
constexpr sim::LaneKind kUnseen = sim::fault("daytona.unseen", 1, 6, [](std::uint64_t value) {
    return "has a runner that does not know a new sandbox for " + std::to_string(value) + " s";
});
constexpr sim::LaneKind kStuck = sim::fault("daytona.stuck", 1, 60, [](std::uint64_t) {
    return std::string("gets stuck creating a sandbox");
});
constexpr sim::LaneKind kFailure = sim::fault("daytona.start-failure", 1, 60, [](std::uint64_t) {
    return std::string("fails to start a sandbox");
});
constexpr sim::LaneKind kWaited = sim::choice("daytona.waited", [](std::uint64_t) {
    return std::string("answers 400 to who has waited 30 s for a sandbox to start");
});
constexpr sim::LaneKind kList = sim::choice("daytona.list", [](std::uint64_t value) {
    return "does not list a new sandbox for " + std::to_string(value) + " s";
});
constexpr sim::LaneKind kCreate = sim::choice("daytona.create", [](std::uint64_t value) {
    return "creates a sandbox in " + std::to_string(value + 1) + " s";
});
constexpr sim::LaneKind kStart = sim::choice("daytona.start", [](std::uint64_t value) {
    return "starts a sandbox in " + std::to_string(300 + 200 * value) + " ms";
});
constexpr sim::LaneKind kStop = sim::choice("daytona.stop", [](std::uint64_t value) {
    return "takes " + std::to_string(value) + " half seconds longer to stop a sandbox";
});

std::string_view title_of(int status) {
    switch (status) {
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 409: return "Conflict";
        case 429: return "Too Many Requests";
        default: return "Internal Server Error";
    }
}

}  // namespace

DaytonaCloud::DaytonaCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host,
                           DaytonaCloudOptions options)
    : Cloud(clock, tape, host, "daytona"),
      options_(std::move(options)),
      mishap_lane_(tape.lane("daytona mishap", kMishap)),
      capacity_lane_(tape.lane("daytona capacity", kCapacity)),
      unseen_lane_(tape.lane("daytona unseen", kUnseen)),
      stuck_lane_(tape.lane("daytona stuck", kStuck)),
      failure_lane_(tape.lane("daytona start failure", kFailure)),
      waited_lane_(tape.lane("daytona waited", kWaited)),
      list_lane_(tape.lane("daytona list", kList)),
      create_lane_(tape.lane("daytona create", kCreate)),
      start_lane_(tape.lane("daytona start", kStart)),
      stop_lane_(tape.lane("daytona stop", kStop)) {}

HttpResponse DaytonaCloud::refuse(int status, std::string_view message,
                                  std::string_view path) const {
    return reply(status, json{{"path", path},
                              {"timestamp", timestamp(clock_.now())},
                              {"statusCode", status},
                              {"error", title_of(status)},
                              {"message", message}});
}

void DaytonaCloud::handle(const HttpRequest& request, Respond respond) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (!shows(options_.token, request)) {
        respond(refuse(401, "Unauthorized", path));
        return;
    }
    const Mishap& mishap = kMishaps[tape_.draw(mishap_lane_, kMishaps.size())];
    if (mishap.status == 429) {
        HttpResponse throttled = reply(
            429, json{{"statusCode", 429}, {"message", mishap.said}, {"error", title_of(429)}});
        throttled.headers["Retry-After-sandbox-lifecycle"] = "3";
        respond(std::move(throttled));
        return;
    }
    if (mishap.prevents(request.method)) {
        respond(refuse(mishap.status, mishap.said, path));
        return;
    }
    Outcome outcome = respond_to(request);
    if (mishap.happens) {
        respond(refuse(mishap.status, mishap.said, path));
    } else if (outcome.response) {
        respond(*std::move(outcome.response));
    } else {
        hold(std::move(outcome.started), path, std::move(respond));
    }
}

void DaytonaCloud::hold(std::string id, std::string path, Respond respond) {
    const std::uint64_t number = ++waits_;
    waiters_.push_back({number, std::move(id), std::move(path), std::move(respond)});
    clock_.schedule(clock_.now() + kAnswersWithin, [this, number] { give_up_waiting(number); });
}

// As the API does today; for some months of 2025 it said that the sandbox had failed.
void DaytonaCloud::give_up_waiting(std::uint64_t number) {
    const auto waiter = std::ranges::find(waiters_, number, &Waiter::number);
    if (waiter == waiters_.end()) return;
    Waiter done = std::move(*waiter);
    waiters_.erase(waiter);
    const auto found = sandboxes_.find(done.id);
    if (found == sandboxes_.end() || tape_.draw(waited_lane_, 2) == 1) {
        done.respond(refuse(400, "Sandbox failed to start: Timeout after 30 seconds", done.path));
    } else {
        done.respond(reply(200, to_json(found->second)));
    }
}

void DaytonaCloud::release(const std::string& id, const HttpResponse& response) {
    std::vector<Waiter> satisfied;
    std::erase_if(waiters_, [&](Waiter& waiter) {
        if (waiter.id != id) return false;
        satisfied.push_back(std::move(waiter));
        return true;
    });
    for (Waiter& waiter : satisfied) waiter.respond(response);
}

DaytonaCloud::Outcome DaytonaCloud::respond_to(const HttpRequest& request) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = target.substr(std::min(target.size(), path.size() + 1));
    constexpr std::string_view kSandbox = "/api/sandbox";
    const auto unknown_route = [&] {
        const std::string said = fmt::format("Cannot {} {}", request.method, path);
        return Outcome{malformed(said, refuse(404, said, path)), {}};
    };
    if (!path.starts_with(kSandbox)) return unknown_route();
    std::string_view rest = path.substr(kSandbox.size());
    if (rest.empty()) {
        if (request.method == "POST") return create(request, path);
        if (request.method == "GET") return {list(query, path), {}};
        return unknown_route();
    }
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    const std::string_view reference = rest.substr(0, slash);
    const std::string_view verb =
        slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    Sandbox* sandbox = find(reference);
    if (sandbox == nullptr) {
        return {refuse(404, fmt::format("Sandbox with ID or name {} not found", reference), path),
                {}};
    }
    if (request.method == "GET" && verb.empty()) return {reply(200, to_json(*sandbox)), {}};
    if (request.method == "GET" && verb.starts_with("ports/")) {
        return {preview(*sandbox, verb, path), {}};
    }
    if (request.method == "DELETE" && verb.empty()) return {destroy(*sandbox, path), {}};
    if (request.method == "POST" && verb == "start") return start(*sandbox, path);
    if (request.method == "POST" && verb == "stop") return {stop(*sandbox, path), {}};
    return unknown_route();
}

// What no state of the cloud would make valid.
std::optional<HttpResponse> DaytonaCloud::refuse_form(const json& body, std::string_view path) {
    const auto refused = [&](std::string_view said) {
        return malformed(said, refuse(400, said, path));
    };
    if (!body.is_object()) return refused("Unexpected end of JSON input");
    if (body.contains("name") && !body["name"].is_string()) return refused("name must be a string");
    const bool builds = body.contains("buildInfo");
    if (builds && body.contains("snapshot")) {
        return refused("Cannot specify a snapshot when using a build info entry");
    }
    for (const char* resource : {"cpu", "gpu", "memory", "disk"}) {
        if (builds || !body.contains(resource) || body[resource] == 0) continue;
        return refused("Cannot specify Sandbox resources when using a snapshot");
    }
    if (body.value("autoStopInterval", 0) < 0) {
        return refused("Auto-stop interval must be non-negative");
    }
    return std::nullopt;
}

DaytonaCloud::Outcome DaytonaCloud::create(const HttpRequest& request, std::string_view path) {
    if (!limits_.take("create", "organization", 5, 300, clock_.now())) {
        HttpResponse throttled = refuse(429, "Rate limit exceeded", path);
        throttled.headers["Retry-After-sandbox-create"] = "1";
        return {std::move(throttled), {}};
    }
    const json body = json_or_null(request.body);
    if (auto refused = refuse_form(body, path)) return {std::move(refused), {}};
    if (!options_.refuse_create.empty()) return {refuse(400, options_.refuse_create, path), {}};
    const std::string snapshot = body.value("snapshot", "");
    if (!snapshot.empty() && snapshot == options_.missing_snapshot) {
        return {refuse(400,
                       fmt::format("Snapshot {} not found. Did you add it through the Daytona "
                                   "Dashboard?",
                                   snapshot),
                       path),
                {}};
    }
    switch (tape_.draw(capacity_lane_, 3)) {
        case 1: return {refuse(400, "No available runners", path), {}};
        case 2:
            return {refuse(400,
                           "Total CPU limit exceeded. Maximum allowed: 8.\nTo increase "
                           "concurrency limits, upgrade your organization's Tier.",
                           path),
                    {}};
        default: break;
    }
    const std::string name = body.value("name", "");
    if (!name.empty() && find(name) != nullptr) {
        return {refuse(409, fmt::format("Sandbox with name {} already exists", name), path), {}};
    }
    ++created_;
    Sandbox sandbox;
    const std::uint64_t digits = sim::mix(created_);
    sandbox.id = fmt::format("{:08x}-{:04x}-4000-8000-{:012x}", digits >> 32,
                             (digits >> 16) & 0xffff, created_);
    sandbox.name = name.empty() ? sandbox.id : name;
    sandbox.desired = "started";
    sandbox.wanted = body;
    sandbox.created_at = clock_.now();
    sandbox.hidden_until = clock_.now() + drawn(unseen_lane_, Duration(0), seconds(1), 6);
    sandbox.listed_from = clock_.now() + drawn(list_lane_, Duration(0), seconds(1), 6);
    Sandbox& kept = sandboxes_.emplace(sandbox.id, sandbox).first->second;
    enter(kept, "creating");
    if (observer_ != nullptr) observer_->on_created(described(kept));
    begin(kept);
    return {std::nullopt, kept.id};
}

DaytonaCloud::Outcome DaytonaCloud::start(Sandbox& sandbox, std::string_view path) {
    if (sandbox.state == "started" && sandbox.desired == "started") {
        return {reply(200, to_json(sandbox)), {}};
    }
    if (sandbox.state == "error") {
        return {refuse(400, "Sandbox is in an errored state", path), {}};
    }
    if (sandbox.pending()) return {refuse(409, "Sandbox state change in progress", path), {}};
    if (sandbox.state != "stopped") {
        return {refuse(400, "Sandbox is not in valid state", path), {}};
    }
    sandbox.desired = "started";
    if (observer_ != nullptr) observer_->on_start_asked(described(sandbox));
    run(sandbox);
    return {std::nullopt, sandbox.id};
}

HttpResponse DaytonaCloud::stop(Sandbox& sandbox, std::string_view path) {
    if (sandbox.state == "error") return refuse(400, "Sandbox is in an errored state", path);
    if (sandbox.pending()) return refuse(409, "Sandbox state change in progress", path);
    if (sandbox.state != "started") return refuse(400, "Sandbox is not started", path);
    sandbox.desired = "stopped";
    shut_down(sandbox);
    return reply(200, to_json(sandbox));
}

HttpResponse DaytonaCloud::destroy(Sandbox& sandbox, std::string_view path) {
    // Another destruction too.
    if (sandbox.pending()) return refuse(409, "Sandbox state change in progress", path);
    finish_destroying(sandbox);
    return reply(200, to_json(sandbox));
}

HttpResponse DaytonaCloud::preview(const Sandbox& sandbox, std::string_view verb,
                                   std::string_view path) {
    std::string_view port = verb.substr(6);
    if (!port.ends_with("/preview-url")) return refuse(404, "Cannot GET", path);
    port.remove_suffix(12);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
        return malformed("Invalid port", refuse(400, "Invalid port", path));
    }
    return reply(200, json{{"sandboxId", sandbox.id},
                           {"url", "http://" + host_of(sandbox, port)},
                           {"token", token_of(sandbox)}});
}

DaytonaCloud::Sandbox* DaytonaCloud::find(std::string_view reference) {
    for (auto& [id, sandbox] : sandboxes_) {
        // A sandbox that is being destroyed has given its name away already.
        const bool has_name = sandbox.name == reference && sandbox.desired != "destroyed";
        if ((id == reference || has_name) && sandbox.state != "destroyed") return &sandbox;
    }
    return nullptr;
}

void DaytonaCloud::enter(Sandbox& sandbox, std::string state) {
    sandbox.state = std::move(state);
    ++sandbox.episode;
}

void DaytonaCloud::begin(Sandbox& sandbox) {
    const Duration work = drawn(create_lane_, seconds(1), seconds(1), 10);
    if (options_.stuck || tape_.chance(stuck_lane_)) {
        later(sandboxes_, sandbox, kCreatingAtMost,
              [this](Sandbox& stuck) { fail(stuck, "Timeout while creating sandbox"); });
        return;
    }
    later(sandboxes_, sandbox, work, [this](Sandbox& created) { run(created); });
}

void DaytonaCloud::run(Sandbox& sandbox) {
    enter(sandbox, "starting");
    const bool fails = tape_.chance(failure_lane_);
    const Duration work =
        fails ? kStartingAtMost
              : options_.start_delay + drawn(start_lane_, milliseconds(300), milliseconds(200), 20);
    later(sandboxes_, sandbox, work, [this, fails](Sandbox& starting) {
        if (fails) {
            fail(starting, "Timeout while starting sandbox");
            return;
        }
        enter(starting, "started");
        ++starting.starts;
        host_.power_on({starting.id, starting.name, host_of(starting, "8080") + ":80",
                        token_of(starting),
                        starting.wanted.value("env", std::map<std::string, std::string>())});
        release(starting.id, reply(200, to_json(starting)));
    });
}

void DaytonaCloud::fail(Sandbox& sandbox, std::string reason) {
    sandbox.error_reason = std::move(reason);
    enter(sandbox, "error");
    release(sandbox.id,
            refuse(400, fmt::format("Sandbox failed to start: {}", sandbox.error_reason), "/"));
}

void DaytonaCloud::shut_down(Sandbox& sandbox) {
    host_.power_off(sandbox.id);
    enter(sandbox, "stopping");
    later(sandboxes_, sandbox, drawn(stop_lane_, milliseconds(500), milliseconds(500), 10),
          [this](Sandbox& stopping) { enter(stopping, "stopped"); });
}

void DaytonaCloud::finish_destroying(Sandbox& sandbox) {
    host_.power_off(sandbox.id);
    sandbox.desired = "destroyed";
    enter(sandbox, "destroying");
    later(sandboxes_, sandbox, drawn(stop_lane_, seconds(1), milliseconds(500), 10),
          [this](Sandbox& destroying) {
              host_.discard(destroying.id);
              sandboxes_.erase(std::string(destroying.id));
          });
}

json DaytonaCloud::to_json(const Sandbox& sandbox) const {
    const bool unseen = clock_.now() < sandbox.hidden_until;
    const std::string created = timestamp(sandbox.created_at);
    return {
        {"id", sandbox.id},
        {"organizationId", "organization"},
        {"name", sandbox.name},
        {"snapshot", sandbox.wanted.value("snapshot", "")},
        {"env", sandbox.wanted.value("env", json::object())},
        {"labels", sandbox.wanted.value("labels", json::object())},
        {"target", sandbox.wanted.value("target", "eu")},
        {"cpu", kCpus},
        {"gpu", 0},
        {"memory", kMemoryGib},
        {"disk", kDiskGib},
        {"state", unseen ? "destroyed" : sandbox.state},
        {"desiredState", sandbox.desired},
        {"errorReason", sandbox.error_reason},
        {"public", false},
        {"createdAt", created},
        {"updatedAt", created},
    };
}

json DaytonaCloud::to_list_item(const Sandbox& sandbox) const {
    json item = to_json(sandbox);
    item.erase("env");
    return item;
}

std::string DaytonaCloud::token_of(const Sandbox& sandbox) const {
    // Every start makes another.
    return fmt::format("{:016x}", sim::mix(sim::combine(sim::hash(sandbox.id), sandbox.starts)));
}

std::string DaytonaCloud::host_of(const Sandbox& sandbox, std::string_view port) const {
    return fmt::format("{}-{}.{}", port, sandbox.id, options_.proxy_domain);
}

CloudMachine DaytonaCloud::described(const Sandbox& sandbox) const {
    CloudMachine described;
    described.provider = provider();
    described.id = sandbox.id;
    described.name = sandbox.name;
    described.labels = sandbox.wanted.value("labels", std::map<std::string, std::string>());
    described.leaving = sandbox.desired == "destroyed";
    described.running = sandbox.state == "started";
    return described;
}

std::vector<CloudMachine> DaytonaCloud::inventory() const {
    std::vector<CloudMachine> all;
    for (const auto& [id, sandbox] : sandboxes_) all.push_back(described(sandbox));
    return all;
}

void DaytonaCloud::lose(const std::string& name) {
    Sandbox* sandbox = find(name);
    if (sandbox == nullptr) return;
    if (observer_ != nullptr) observer_->on_lost(described(*sandbox));
    finish_destroying(*sandbox);
}

void DaytonaCloud::stop_by_itself(const std::string& name) {
    Sandbox* sandbox = find(name);
    if (sandbox == nullptr || sandbox->state != "started") return;
    sandbox->desired = "stopped";
    shut_down(*sandbox);
}

}  // namespace fakes
