#include "fakes/daytona_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fakes/json_reply.hpp"
#include "fakes/query.hpp"
#include "fakes/timestamp.hpp"
#include "sim/hash.hpp"

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

std::string mishap_words(std::uint64_t value) {
    constexpr std::array<const char*, 5> kWords = {
        "is well", "answers 502 and does nothing", "answers 429",
        "says that a change is in progress", "does what was asked and answers 504"};
    return kWords[value];
}
std::string capacity_words(std::uint64_t value) {
    constexpr std::array<const char*, 3> kWords = {"has room", "has no available nodes",
                                                   "finds the quota used up"};
    return kWords[value];
}
constexpr sim::LaneKind kMishap = sim::fault("daytona.mishap", 1, 40, mishap_words);
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
    const auto authorization = request.headers.find("Authorization");
    if (authorization == request.headers.end() ||
        authorization->second != "Bearer " + options_.token) {
        respond(refuse(401, "Unauthorized", path));
        return;
    }
    const std::uint64_t mishap = tape_.draw(mishap_lane_, 5);
    if (mishap == 1) {
        respond(refuse(502, "Bad Gateway", path));
        return;
    }
    if (mishap == 2) {
        HttpResponse throttled = reply(429, json{{"statusCode", 429},
                                                 {"message", "Rate limit exceeded"},
                                                 {"error", title_of(429)}});
        throttled.headers["Retry-After-sandbox-lifecycle"] = "3";
        respond(std::move(throttled));
        return;
    }
    if (mishap == 3 && request.method != "GET") {
        respond(refuse(409, "Sandbox state change in progress", path));
        return;
    }
    HttpResponse response = respond_to(request);
    if (mishap == 4) response = refuse(504, "Gateway Timeout", path);
    respond(std::move(response));
}

HttpResponse DaytonaCloud::respond_to(const HttpRequest& request) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = target.substr(std::min(target.size(), path.size() + 1));
    constexpr std::string_view kSandbox = "/api/sandbox";
    const auto unknown_route = [&] {
        return refuse(404, fmt::format("Cannot {} {}", request.method, path), path);
    };
    if (!path.starts_with(kSandbox)) return unknown_route();
    std::string_view rest = path.substr(kSandbox.size());
    if (rest.empty()) {
        if (request.method == "POST") return create(request, path);
        if (request.method == "GET") return list(query, path);
        return unknown_route();
    }
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    const std::string_view reference = rest.substr(0, slash);
    const std::string_view verb =
        slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    Sandbox* sandbox = find(reference);
    if (sandbox == nullptr) {
        return refuse(404, fmt::format("Sandbox with ID or name {} not found", reference), path);
    }
    if (request.method == "GET" && verb.empty()) return reply(200, to_json(*sandbox));
    if (request.method == "GET" && verb.starts_with("ports/")) return preview(*sandbox, verb, path);
    if (request.method == "DELETE" && verb.empty()) return destroy(*sandbox, path);
    if (request.method == "POST" && (verb == "start" || verb == "stop")) {
        return act(*sandbox, verb, path);
    }
    return unknown_route();
}

HttpResponse DaytonaCloud::create(const HttpRequest& request, std::string_view path) {
    const json body = json::parse(request.body, nullptr, false);
    if (!body.is_object()) return refuse(400, "Unexpected end of JSON input", path);
    if (!limits_.take("create", "organization", 5, 300, clock_.now())) {
        HttpResponse throttled = refuse(429, "Rate limit exceeded", path);
        throttled.headers["Retry-After-sandbox-create"] = "1";
        return throttled;
    }
    if (!options_.refuse_create.empty()) return refuse(400, options_.refuse_create, path);
    const std::string name = body.value("name", "");
    if (!name.empty() && find(name) != nullptr) {
        return refuse(409, fmt::format("Sandbox with name {} already exists", name), path);
    }
    switch (tape_.draw(capacity_lane_, 3)) {
        case 1: return refuse(400, "No available nodes", path);
        case 2: return refuse(403, "Total CPU quota exceeded (10 > 8).", path);
        default: break;
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
    Sandbox& kept = sandboxes_.emplace(sandbox.id, sandbox).first->second;
    enter(kept, "creating");
    if (observer_ != nullptr) observer_->on_created(described(kept));
    begin(kept);
    return reply(200, to_json(kept));
}

HttpResponse DaytonaCloud::list(std::string_view query, std::string_view path) const {
    const std::string filter = parameter(query, "labels");
    const json labels = json::parse(filter, nullptr, false);
    if (!filter.empty() && !labels.is_object()) {
        return refuse(400, "Invalid labels JSON format", path);
    }
    json found = json::array();
    for (const auto& [id, sandbox] : sandboxes_) {
        if (sandbox.state == "destroyed") continue;
        bool matches = true;
        if (labels.is_object()) {
            const json own = sandbox.wanted.value("labels", json::object());
            for (const auto& [name, value] : labels.items()) {
                matches = matches && own.contains(name) && own[name] == value;
            }
        }
        if (matches) found.push_back(to_json(sandbox));
    }
    return reply(200, found);
}

HttpResponse DaytonaCloud::act(Sandbox& sandbox, std::string_view verb, std::string_view path) {
    const std::string wanted = verb == "start" ? "started" : "stopped";
    if (sandbox.state == "error") return refuse(400, "Sandbox is in an errored state", path);
    if (sandbox.pending()) return refuse(409, "Sandbox state change in progress", path);
    if (sandbox.state == wanted) return reply(200, to_json(sandbox));
    sandbox.desired = wanted;
    if (verb == "start") {
        if (observer_ != nullptr) observer_->on_start_asked(described(sandbox));
        run(sandbox);
    } else {
        shut_down(sandbox);
    }
    return reply(200, to_json(sandbox));
}

HttpResponse DaytonaCloud::destroy(Sandbox& sandbox, std::string_view path) {
    const bool between =
        sandbox.state == "creating" || sandbox.state == "starting" || sandbox.state == "stopping";
    if (between) {
        return refuse(400,
                      fmt::format("Sandbox {} is not in a valid state to be destroyed. State: {}",
                                  sandbox.id, sandbox.state),
                      path);
    }
    if (sandbox.desired != "destroyed") finish_destroying(sandbox);
    return reply(200, to_json(sandbox));
}

HttpResponse DaytonaCloud::preview(const Sandbox& sandbox, std::string_view verb,
                                   std::string_view path) const {
    std::string_view port = verb.substr(6);
    if (!port.ends_with("/preview-url")) return refuse(404, "Cannot GET", path);
    port.remove_suffix(12);
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) {
        return refuse(400, "Invalid port", path);
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
        later(sandboxes_, sandbox, kCreatingAtMost, [this](Sandbox& stuck) {
            stuck.error_reason = "Timeout while creating sandbox";
            enter(stuck, "error");
        });
        return;
    }
    later(sandboxes_, sandbox, work, [this](Sandbox& created) { run(created); });
}

void DaytonaCloud::run(Sandbox& sandbox) {
    enter(sandbox, "starting");
    const bool fails = tape_.chance(failure_lane_);
    const Duration work =
        fails ? kStartingAtMost : drawn(start_lane_, milliseconds(300), milliseconds(200), 20);
    later(sandboxes_, sandbox, work, [this, fails](Sandbox& starting) {
        if (fails) {
            starting.error_reason = "Timeout while starting sandbox";
            enter(starting, "error");
            return;
        }
        enter(starting, "started");
        ++starting.starts;
        host_.power_on({starting.id, starting.name, host_of(starting, "8080") + ":80",
                        token_of(starting),
                        starting.wanted.value("env", std::map<std::string, std::string>())});
    });
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
        {"cpu", sandbox.wanted.value("cpu", 1)},
        {"memory", sandbox.wanted.value("memory", 1)},
        {"state", unseen ? "destroyed" : sandbox.state},
        {"desiredState", sandbox.desired},
        {"errorReason", sandbox.error_reason},
        {"public", false},
        {"createdAt", created},
        {"updatedAt", created},
    };
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
