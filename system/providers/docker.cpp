#include "system/providers/docker.hpp"
#include "system/model/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/concurrency/contain.hpp"
#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

constexpr std::int64_t kMiB = 1 << 20;
// How soon to ask again for what waits for a pull.
constexpr Duration kLookForPull = std::chrono::seconds(5);

// An inspected container.
std::optional<Resource> inspected(const json& container) {
    if (!container.is_object()) return std::nullopt;
    Resource resource;
    resource.external_id = text_in(container, "Id");
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
    if (!container.is_object()) return std::nullopt;
    Resource resource;
    resource.external_id = text_in(container, "Id");
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
    return json_text(json{{"Cmd", command}, {"AttachStdout", true}, {"AttachStderr", true}});
}

}  // namespace

DockerProvider::DockerProvider(HttpClient& http, Clock& clock, Telemetry& telemetry,
                               boost::asio::any_io_executor executor, DockerOptions options)
    : telemetry_(telemetry),
      dialect_(http, clock, telemetry, "docker", classify_docker_error),
      options_(std::move(options)),
      tasks_(std::move(executor),
             [](std::exception_ptr failure) { std::rethrow_exception(std::move(failure)); }) {}

boost::asio::awaitable<ProviderResult<HttpResponse>> DockerProvider::call(std::string method,
                                                                          std::string path,
                                                                          std::string body) {
    return call(std::move(method), std::move(path), std::move(body), options_.timeout);
}

boost::asio::awaitable<ProviderResult<HttpResponse>> DockerProvider::call(std::string method,
                                                                          std::string path,
                                                                          std::string body,
                                                                          Duration timeout) {
    const auto spoken = co_await version();
    if (!spoken) co_return std::unexpected(spoken.error());
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.target = *spoken + path;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.body = std::move(body);
    std::string what = fmt::format("{} {}", request.method, path.substr(0, path.find('?')));
    auto answer = co_await dialect_.call(std::move(request), timeout, std::move(what));
    // Another engine answers there now: an upgrade, or a downgrade.
    if (!answer && answer.error().detail.contains(kVersionRefused)) version_.clear();
    co_return answer;
}

boost::asio::awaitable<ProviderResult<std::string>> DockerProvider::version() {
    if (!version_.empty()) co_return version_;
    HttpRequest request;
    request.authority = options_.authority;
    request.target = "/version";
    const auto answer =
        co_await dialect_.call(std::move(request), options_.timeout, "GET /version");
    if (!answer) co_return std::unexpected(answer.error());
    const json said = json_or_null(answer->body);
    const auto newest = parse_docker_version(text_in(said, "ApiVersion"));
    if (!newest) co_return std::unexpected(unreadable(*answer));
    // Engines of before 2017 do not say it.
    const auto oldest = parse_docker_version(text_in(said, "MinAPIVersion")).value_or(*newest);
    const auto common = common_docker_version(oldest, *newest);
    if (!common) {
        co_return std::unexpected(ProviderError(
            ProviderErrorClass::permanent,
            fmt::format("the engine speaks versions {}.{} to {}.{} of its API, none of which is "
                        "known here: use another engine, or another version of this program",
                        oldest.first, oldest.second, newest->first, newest->second)));
    }
    version_ = fmt::format("/v{}.{}", common->first, common->second);
    co_return version_;
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
    const auto answer = co_await call("POST", "/containers/create?name=" + url_encode(request.name),
                                      json_text(body));
    if (!answer && options_.pulls && answer.error().detail.contains("No such image")) {
        co_return std::unexpected(pull_of(request.spec.image));
    }
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

ProviderError DockerProvider::pull_of(std::string image) {
    const auto known = pulls_.find(image);
    if (known == pulls_.end()) {
        pulls_.try_emplace(image);
        tasks_.spawn(pull(image));
    } else if (known->second.failure) {
        ProviderError failure = *std::move(known->second.failure);
        pulls_.erase(known);
        return failure;
    }
    ProviderError waiting(ProviderErrorClass::busy, fmt::format("image {} is being pulled", image));
    waiting.retry_after = kLookForPull;
    return waiting;
}

boost::asio::awaitable<void> DockerProvider::pull(std::string image) {
    const Ending ending = co_await contain(&telemetry_, "pulling an image", fetch(image));
    if (ending == Ending::completed) co_return;
    pulls_[image].failure = ProviderError(
        ProviderErrorClass::unknown,
        fmt::format("image {} could not be pulled: a bug of ours, see the log", image));
}

boost::asio::awaitable<void> DockerProvider::fetch(std::string image) {
    const ImageReference wanted = parse_image(image);
    std::string path = fmt::format("/images/create?fromImage={}&tag={}", url_encode(wanted.name),
                                   url_encode(wanted.tag));
    const auto answer = co_await call("POST", std::move(path), "", options_.pull_timeout);
    const ProviderResult<void> pulled =
        answer ? pull_result(answer->body)
               : ProviderResult<void>(std::unexpected(pull_error(answer.error().detail)));
    if (pulled) {
        pulls_.erase(image);
    } else {
        ProviderError failure = pulled.error();
        failure.detail = fmt::format("image {} could not be pulled: {}", image, failure.detail);
        pulls_[image].failure = std::move(failure);
    }
}

boost::asio::awaitable<ProviderResult<Resource>> DockerProvider::get(std::string external_id) {
    const auto answer =
        co_await call("GET", "/containers/" + url_encode(external_id) + "/json", "");
    co_return parse(answer, inspected);
}

boost::asio::awaitable<ListResult<Resource>> DockerProvider::find(Labels labels) {
    json wanted = json::array();
    for (const auto& [name, value] : labels) wanted.push_back(fmt::format("{}={}", name, value));
    const std::string filters = json_text(json{{"label", std::move(wanted)}});
    const auto answer =
        co_await call("GET", "/containers/json?all=true&filters=" + url_encode(filters), "");
    co_return parse_all(answer, listed, with_all(labels));
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
