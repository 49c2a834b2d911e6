#include "fakes/docker/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
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
using std::chrono::seconds;

// From here on an inspected container has no address beside those of its networks.
constexpr int kNetworksOnly = 52;

constexpr std::array<Mishap, 3> kMishaps = {{
    {"is well"},
    {"answers 500 and does nothing", 500, "Internal Server Error"},
    {"does what was asked and answers 500", 500, "context deadline exceeded", true},
}};
constexpr sim::LaneKind kMishap = sim::fault("docker.mishap", 1, 40, mishap_words<kMishaps>);
constexpr sim::LaneKind kSpace = sim::fault("docker.no-space", 1, 40, [](std::uint64_t) {
    return std::string("has no space left for a container");
});
constexpr sim::LaneKind kExit = sim::fault("docker.exit", 1, 40, [](std::uint64_t) {
    return std::string("lets a container end by itself");
});
constexpr sim::LaneKind kStop = sim::choice("docker.stop", [](std::uint64_t value) {
    return "takes " + std::to_string(value) + " half seconds longer to stop a container";
});
constexpr sim::LaneKind kRemove = sim::choice("docker.remove", [](std::uint64_t value) {
    return "takes " + std::to_string(value) + " half seconds longer to remove a container";
});

HttpResponse refuse(int status, std::string_view message) {
    return reply(status, json{{"message", message}});
}

constexpr const char* kNoStart =
    "driver failed programming external connectivity on endpoint: address already in use";

HttpResponse nothing(int status) {
    HttpResponse response;
    response.status = status;
    return response;
}

HttpResponse no_such_container(std::string_view reference) {
    return refuse(404, fmt::format("No such container: {}", reference));
}

std::map<std::string, std::string> environment_of(const json& config) {
    std::map<std::string, std::string> environment;
    for (const json& entry : config.value("Env", json::array())) {
        const auto text = entry.get<std::string>();
        const auto equals = text.find('=');
        if (equals != std::string::npos) {
            environment[text.substr(0, equals)] = text.substr(equals + 1);
        }
    }
    return environment;
}

bool is_name(std::string_view name) {
    constexpr std::string_view kFirst =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (name.size() < 2 || kFirst.find(name.front()) == std::string_view::npos) return false;
    const std::string rest = std::string(kFirst) + "_.-";
    return name.find_first_not_of(rest) == std::string_view::npos;
}

}  // namespace

DockerEngine::DockerEngine(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host,
                           DockerEngineOptions options)
    : Cloud(clock, tape, host, "docker"),
      options_(std::move(options)),
      mishap_lane_(tape.lane("docker mishap", kMishap)),
      space_lane_(tape.lane("docker space", kSpace)),
      exit_lane_(tape.lane("docker exit", kExit)),
      stop_lane_(tape.lane("docker stop", kStop)),
      remove_lane_(tape.lane("docker remove", kRemove)) {}

void DockerEngine::handle(const HttpRequest& request, Respond respond) {
    const Mishap& mishap = kMishaps[tape_.draw(mishap_lane_, kMishaps.size())];
    if (mishap.prevents(request.method)) {
        respond(refuse(mishap.status, mishap.said));
        return;
    }
    answer(request, [&mishap, send = std::move(respond)](HttpResponse response) mutable {
        if (mishap.happens) response = refuse(mishap.status, mishap.said);
        send(std::move(response));
    });
}

void DockerEngine::answer(const HttpRequest& request, Respond respond) {
    std::string_view path = request.target;
    const auto mark = path.find('?');
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
    path = path.substr(0, mark);
    if (auto refused = refuse_version(path)) {
        respond(*std::move(refused));
    } else if (request.method == "DELETE") {
        remove(path, query, std::move(respond));
    } else if (request.method == "POST" && path == "/images/create") {
        pull(query, std::move(respond));
    } else {
        respond(respond_to(request, path, query));
    }
}

std::optional<HttpResponse> DockerEngine::refuse_version(std::string_view& path) const {
    constexpr std::string_view kPrefix = "/v1.";
    if (!path.starts_with(kPrefix)) return std::nullopt;
    int minor = 0;
    const auto [end, error] =
        std::from_chars(path.data() + kPrefix.size(), path.data() + path.size(), minor);
    if (error != std::errc()) return refuse(404, "page not found");
    path.remove_prefix(static_cast<std::size_t>(end - path.data()));
    if (minor < options_.oldest) {
        return refuse(400, fmt::format("client version 1.{} is too old. Minimum supported API "
                                       "version is 1.{}, please upgrade your client to a newer "
                                       "version",
                                       minor, options_.oldest));
    }
    if (minor > options_.newest) {
        return refuse(400, fmt::format("client version 1.{} is too new. Maximum supported API "
                                       "version is 1.{}",
                                       minor, options_.newest));
    }
    return std::nullopt;
}

// Says how it went in a stream that has begun with 200.
void DockerEngine::pull(std::string_view query, Respond respond) {
    const std::string name = parameter(query, "fromImage");
    const std::string tag = parameter(query, "tag");
    // All the tags of a repository are nobody's wish here.
    if (name.empty() || tag.empty()) {
        respond(malformed("a pull without a tag", refuse(400, "invalid reference format")));
        return;
    }
    std::string image =
        fmt::format("{}{}{}", name, tag.find(':') == std::string::npos ? ":" : "@", tag);
    auto waiting = std::make_shared<Respond>(std::move(respond));
    clock_.schedule(clock_.now() + options_.pull, [this, image = std::move(image), waiting] {
        HttpResponse response;
        response.headers["Content-Type"] = "application/json";
        response.body = json_text(json{{"status", "Pulling from " + image}, {"id", "1"}}) + "\r\n";
        if (image == options_.missing_image || image == options_.missing_image + ":latest") {
            const std::string said =
                fmt::format("manifest for {} not found: manifest unknown", image);
            response.body += json_text(json{{"errorDetail", {{"message", said}}}}) + "\r\n";
        } else {
            response.body += json_text(json{{"status", "Status: Downloaded newer image"}}) + "\r\n";
            if (image == options_.remote_image) options_.remote_image.clear();
        }
        (*waiting)(std::move(response));
    });
}

HttpResponse DockerEngine::respond_to(const HttpRequest& request, std::string_view path,
                                      std::string_view query) {
    if (path == "/version" && request.method == "GET") {
        return reply(200, json{{"Version", "29.1.0"},
                               {"ApiVersion", fmt::format("1.{}", options_.newest)},
                               {"MinAPIVersion", fmt::format("1.{}", options_.oldest)}});
    }
    constexpr std::string_view kNetworks = "/networks/";
    if (path.starts_with(kNetworks) && request.method == "GET") {
        return network(path.substr(kNetworks.size()));
    }
    constexpr std::string_view kContainers = "/containers/";
    if (!path.starts_with(kContainers)) return refuse(404, "page not found");
    path.remove_prefix(kContainers.size());
    if (path == "create" && request.method == "POST") return create(request, query);
    if (path == "json" && request.method == "GET") return list(query);
    const auto slash = path.find('/');
    const std::string_view reference = path.substr(0, slash);
    const std::string_view verb =
        slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    const bool known =
        (request.method == "GET" && verb == "json") ||
        (request.method == "POST" && (verb == "start" || verb == "stop" || verb == "restart"));
    if (!known) return refuse(404, "page not found");
    Container* container = find(reference);
    if (container == nullptr) return no_such_container(reference);
    if (verb == "json") return reply(200, inspect(*container));
    if (verb == "start") return start(*container);
    if (verb == "stop") return stop(*container);
    return restart(*container);
}

HttpResponse DockerEngine::create(const HttpRequest& request, std::string_view query) {
    const json body = json_or_null(request.body);
    const auto refused = [&](std::string_view said) { return malformed(said, refuse(400, said)); };
    if (!body.is_object()) return refused("invalid JSON: unexpected end of JSON input");
    const std::string image = body.value("Image", "");
    if (image.empty()) return refused("no command specified");
    std::string name = parameter(query, "name");
    if (!name.empty() && !is_name(name)) {
        return refused(
            fmt::format("Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-]"
                        " are allowed",
                        name));
    }
    if (image == options_.missing_image || image == options_.remote_image) {
        return refuse(404, "No such image: " + image);
    }
    for (const auto& [id, container] : containers_) {
        if (container.name != name || name.empty()) continue;
        return refuse(409, fmt::format("Conflict. The container name \"/{}\" is already in use by "
                                       "container \"{}\". You have to remove (or rename) that "
                                       "container to be able to reuse that name.",
                                       name, id));
    }
    if (tape_.chance(space_lane_)) {
        return refuse(500, "failed to create container: no space left on device");
    }
    ++created_;
    Container container;
    for (std::uint64_t part = 0; part < 4; ++part) {
        container.id += fmt::format("{:016x}", sim::mix(created_ * 4 + part));
    }
    container.name = name.empty() ? fmt::format("nameless_{}", created_) : std::move(name);
    container.status = "created";
    container.config = body;
    container.created_at = clock_.now();
    const Container& kept = containers_.emplace(container.id, container).first->second;
    if (observer_ != nullptr) observer_->on_created(described(kept));
    return reply(201, json{{"Id", kept.id}, {"Warnings", json::array()}});
}

HttpResponse DockerEngine::list(std::string_view query) const {
    const json filters = json_or_null(parameter(query, "filters"));
    const bool all = parameter(query, "all") == "true" || parameter(query, "all") == "1";
    json found = json::array();
    for (const auto& [id, container] : containers_) {
        if (!all && container.status != "running") continue;
        const json labels = container.config.value("Labels", json::object());
        bool matches = true;
        const json wanted = filters.is_object() ? filters.value("label", json::array()) : json();
        for (const json& label : wanted) {
            const auto text = label.get<std::string>();
            const auto equals = text.find('=');
            matches = matches && labels.value(text.substr(0, equals), "") ==
                                     text.substr(std::min(equals, text.size() - 1) + 1);
        }
        if (!matches) continue;
        found.push_back({{"Id", id},
                         {"Names", json::array({"/" + container.name})},
                         {"Image", container.config.value("Image", "")},
                         {"State", container.status},
                         {"Status", container.status},
                         {"Labels", labels},
                         {"NetworkSettings",
                          {{"Networks", {{"bridge", {{"IPAddress", address_of(container)}}}}}}}});
    }
    return reply(200, found);
}

HttpResponse DockerEngine::start(Container& container) {
    if (container.status == "running") return nothing(304);
    if (container.status == "removing") {
        return refuse(409, "container is marked for removal and cannot be started");
    }
    if (observer_ != nullptr) observer_->on_start_asked(described(container));
    if (options_.refuse_starts) return refuse(500, kNoStart);
    run(container);
    return nothing(204);
}

HttpResponse DockerEngine::stop(Container& container) {
    if (container.status != "running") return nothing(304);
    end(container, 143);
    return nothing(204);
}

HttpResponse DockerEngine::restart(Container& container) {
    if (container.status == "removing") {
        return refuse(409, "container is marked for removal and cannot be started");
    }
    if (container.status == "running") end(container, 143);
    if (options_.refuse_starts) return refuse(500, kNoStart);
    run(container);
    return nothing(204);
}

void DockerEngine::remove(std::string_view path, std::string_view query, Respond respond) {
    constexpr std::string_view kPath = "/containers/";
    if (!path.starts_with(kPath)) {
        respond(refuse(404, "page not found"));
        return;
    }
    const std::string reference(path.substr(kPath.size()));
    const std::string force = parameter(query, "force");
    Container* container = find(reference);
    if (container == nullptr) {
        respond(no_such_container(reference));
    } else if (container->status == "removing") {
        respond(refuse(
            409, fmt::format("removal of container {} is already in progress", container->id)));
    } else if (container->status == "running" && force != "true" && force != "1") {
        respond(
            refuse(409, fmt::format("cannot remove container \"/{}\": container is running: stop "
                                    "the container before removing or force remove",
                                    container->name)));
    } else {
        finish_removal(*container, std::move(respond));
    }
}

void DockerEngine::run(Container& container) {
    container.status = "running";
    ++container.episode;
    take_address(container);
    host_.power_on({container.id, container.name, authority_of(container), "",
                    environment_of(container.config)});
    if (tape_.chance(exit_lane_)) {
        later(containers_, container, drawn(stop_lane_, seconds(2), seconds(20), 10),
              [this](Container& running) { end(running, 1); });
    }
}

// The answer comes when the container is gone.
void DockerEngine::finish_removal(Container& container, Respond respond) {
    end(container, 137);
    container.status = "removing";
    ++container.episode;
    auto waiting = std::make_shared<Respond>(std::move(respond));
    later(containers_, container,
          options_.removal + drawn(remove_lane_, milliseconds(100), milliseconds(500), 10),
          [this, waiting](Container& removed) {
              host_.discard(removed.id);
              containers_.erase(std::string(removed.id));
              (*waiting)(nothing(204));
          });
}

DockerEngine::Container* DockerEngine::find(std::string_view reference) {
    for (auto& [id, container] : containers_) {
        if (id == reference || container.name == reference) return &container;
    }
    return nullptr;
}

json DockerEngine::inspect(const Container& container) const {
    const bool running = container.status == "running";
    const std::string created = timestamp(container.created_at);
    json described = {
        {"Id", container.id},
        {"Created", created},
        {"Name", "/" + container.name},
        {"RestartCount", 0},
        {"State",
         {{"Status", container.status},
          {"Running", running},
          {"Paused", false},
          {"Restarting", false},
          {"OOMKilled", false},
          {"Dead", false},
          {"ExitCode", container.exit_code},
          {"Error", ""}}},
        {"Config",
         {{"Image", container.config.value("Image", "")},
          {"Env", container.config.value("Env", json::array())},
          {"Labels", container.config.value("Labels", json::object())}}},
        {"HostConfig", container.config.value("HostConfig", json::object())},
        {"NetworkSettings", {{"Networks", {{"bridge", {{"IPAddress", address_of(container)}}}}}}},
    };
    if (options_.newest < kNetworksOnly) {
        described["NetworkSettings"]["IPAddress"] = address_of(container);
    }
    return described;
}

CloudMachine DockerEngine::described(const Container& container) const {
    CloudMachine described;
    described.provider = provider();
    described.id = container.id;
    described.name = container.name;
    described.labels = container.config.value("Labels", std::map<std::string, std::string>());
    described.leaving = container.status == "removing";
    described.running = container.status == "running";
    if (described.running) described.authority = authority_of(container);
    described.loses_address = true;
    return described;
}

std::vector<CloudMachine> DockerEngine::inventory() const {
    std::vector<CloudMachine> all;
    for (const auto& [id, container] : containers_) all.push_back(described(container));
    return all;
}

void DockerEngine::lose(const std::string& name) {
    Container* container = find(name);
    if (container == nullptr) return;
    if (observer_ != nullptr) observer_->on_lost(described(*container));
    finish_removal(*container, [](HttpResponse) {});
}

void DockerEngine::stop_by_itself(const std::string& name) {
    Container* container = find(name);
    if (container != nullptr) stop(*container);
}

void DockerEngine::restart_by_itself(const std::string& name) {
    Container* container = find(name);
    if (container == nullptr || container->status != "running") return;
    end(*container, 1);
    run(*container);
}

void DockerEngine::reboot() {
    for (auto& [id, container] : containers_) {
        if (container.status == "running") end(container, 255);
    }
}

}  // namespace fakes
