#include "system/providers/docker.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

constexpr const char* kVersion = "/v1.41";
constexpr std::int64_t kMiB = 1 << 20;

// An inspected container.
std::optional<Resource> inspected(const json& container) {
    Resource resource;
    resource.external_id = text_in(container, "Id");
    if (resource.external_id.empty()) return std::nullopt;
    resource.name = text_in(container, "Name");
    if (resource.name.starts_with('/')) resource.name.erase(0, 1);
    resource.state = parse_docker_state(text_in(object_in(container, "State"), "Status"));
    resource.labels = texts_of(object_in(object_in(container, "Config"), "Labels"));
    const json& host = object_in(container, "HostConfig");
    resource.memory_mb = number_in(host, "Memory") / kMiB;
    resource.cpus = number_in(host, "NanoCpus") / 1'000'000'000;
    const json& network = object_in(container, "NetworkSettings");
    resource.address = text_in(network, "IPAddress");
    for (const auto& [name, settings] : object_in(network, "Networks").items()) {
        if (resource.address.empty()) resource.address = text_in(settings, "IPAddress");
    }
    // A container on the host's network is where the host is.
    if (text_in(host, "NetworkMode") == "host") resource.address = "127.0.0.1";
    return resource;
}

// A container as a list shows it.
std::optional<Resource> listed(const json& container) {
    Resource resource;
    resource.external_id = text_in(container, "Id");
    if (resource.external_id.empty()) return std::nullopt;
    const auto names = container.find("Names");
    if (names != container.end() && names->is_array() && !names->empty() &&
        names->front().is_string()) {
        resource.name = names->front().get<std::string>();
        if (resource.name.starts_with('/')) resource.name.erase(0, 1);
    }
    resource.state = parse_docker_state(text_in(container, "State"));
    resource.labels = texts_of(object_in(container, "Labels"));
    const json& networks = object_in(object_in(container, "NetworkSettings"), "Networks");
    for (const auto& [name, settings] : networks.items()) {
        if (resource.address.empty()) resource.address = text_in(settings, "IPAddress");
        if (name == "host") resource.address = "127.0.0.1";
    }
    return resource;
}

std::string exec_request(const std::vector<std::string>& command) {
    return json{{"Cmd", command}, {"AttachStdout", true}, {"AttachStderr", true}}.dump();
}

}  // namespace

DockerProvider::DockerProvider(HttpClient& http, Telemetry& telemetry, DockerOptions options)
    : dialect_(http, telemetry, "docker", classify_docker_error), options_(std::move(options)) {}

boost::asio::awaitable<ProviderResult<HttpResponse>> DockerProvider::call(std::string method,
                                                                          std::string path,
                                                                          std::string body) {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.target = kVersion + path;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.body = std::move(body);
    std::string what = fmt::format("{} {}", request.method, path.substr(0, path.find('?')));
    return dialect_.call(std::move(request), options_.timeout, std::move(what));
}

boost::asio::awaitable<ProviderResult<Resource>> DockerProvider::create(CreateResource request) {
    json environment = json::array();
    for (const auto& [name, value] : request.environment) {
        environment.push_back(fmt::format("{}={}", name, value));
    }
    json body = {
        {"Image", request.spec.image},
        {"Env", std::move(environment)},
        {"Labels", request.labels},
        {"HostConfig",
         {{"Memory", request.spec.memory_mb * kMiB},
          {"NanoCpus", request.spec.cpus * 1'000'000'000}}},
    };
    if (!options_.network.empty()) body["HostConfig"]["NetworkMode"] = options_.network;
    const auto answer =
        co_await call("POST", "/containers/create?name=" + url_encode(request.name), body.dump());
    if (!answer) co_return std::unexpected(answer.error());
    Resource made;
    made.external_id = text_in(json_or_null(answer->body), "Id");
    if (made.external_id.empty()) co_return std::unexpected(unreadable(*answer));
    made.name = request.name;
    made.state = ResourceState::stopped;
    made.labels = request.labels;
    made.cpus = request.spec.cpus;
    made.memory_mb = request.spec.memory_mb;
    co_return made;
}

boost::asio::awaitable<ProviderResult<Resource>> DockerProvider::get(std::string external_id) {
    const auto answer =
        co_await call("GET", "/containers/" + url_encode(external_id) + "/json", "");
    co_return parse(answer, inspected);
}

boost::asio::awaitable<ProviderResult<std::vector<Resource>>> DockerProvider::find(Labels labels) {
    json wanted = json::array();
    for (const auto& [name, value] : labels) wanted.push_back(fmt::format("{}={}", name, value));
    const std::string filters = json{{"label", std::move(wanted)}}.dump();
    const auto answer =
        co_await call("GET", "/containers/json?all=true&filters=" + url_encode(filters), "");
    co_return only_with(parse_all(answer, listed), labels);
}

boost::asio::awaitable<ProviderResult<void>> DockerProvider::start(std::string external_id) {
    const auto answer =
        co_await call("POST", "/containers/" + url_encode(external_id) + "/start", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DockerProvider::stop(std::string external_id) {
    const auto answer =
        co_await call("POST", "/containers/" + url_encode(external_id) + "/stop?t=5", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DockerProvider::restart(std::string external_id) {
    const auto answer =
        co_await call("POST", "/containers/" + url_encode(external_id) + "/restart?t=5", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DockerProvider::destroy(std::string external_id) {
    const auto answer = co_await call(
        "DELETE", "/containers/" + url_encode(external_id) + "?force=true&v=true", "");
    // Somebody, we ourselves a moment ago perhaps, has asked for the same.
    if (!answer && answer.error().error_class == ProviderErrorClass::busy &&
        answer.error().detail.find("already in progress") != std::string::npos) {
        co_return ProviderResult<void>{};
    }
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DockerProvider::wait_started(
    std::string /*external_id*/, Duration /*timeout*/) {
    co_return std::unexpected(
        ProviderError(ProviderErrorClass::not_yet, "the engine starts containers by itself"));
}

boost::asio::awaitable<ProviderResult<Endpoint>> DockerProvider::reach(std::string external_id,
                                                                       std::string /*address*/,
                                                                       std::uint16_t port) {
    const auto resource = co_await get(std::move(external_id));
    if (!resource) co_return std::unexpected(resource.error());
    if (resource->state != ResourceState::started || resource->address.empty()) {
        co_return std::unexpected(
            ProviderError(ProviderErrorClass::busy,
                          fmt::format("the container is {}", to_string(resource->state))));
    }
    auto endpoint = co_await Provider::reach(resource->external_id, resource->address, port);
    co_return endpoint;
}

boost::asio::awaitable<ProviderResult<ExecResult>> DockerProvider::exec(
    std::string external_id, std::vector<std::string> command) {
    const std::string path = "/containers/" + url_encode(external_id) + "/exec";
    std::string wanted = exec_request(command);
    const auto made = co_await call("POST", path, std::move(wanted));
    if (!made) co_return std::unexpected(made.error());
    const std::string id = text_in(json_or_null(made->body), "Id");
    if (id.empty()) co_return std::unexpected(unreadable(*made));
    std::string attached = R"({"Detach": false, "Tty": false})";
    const auto stream =
        co_await call("POST", "/exec/" + url_encode(id) + "/start", std::move(attached));
    if (!stream) co_return std::unexpected(stream.error());
    const auto ended = co_await call("GET", "/exec/" + url_encode(id) + "/json", "");
    if (!ended) co_return std::unexpected(ended.error());
    const json state = json_or_null(ended->body);
    if (!state.is_object() || !state.contains("ExitCode")) {
        co_return std::unexpected(unreadable(*ended));
    }
    co_return ExecResult{number_in(state, "ExitCode"), decode_docker_frames(stream->body)};
}

}  // namespace lifecycle
