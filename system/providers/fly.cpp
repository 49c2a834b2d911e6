#include "system/providers/fly.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

// A text field of an object, or empty: foreign JSON is never trusted to have a shape.
std::string text_in(const json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Resource> resource_of(const json& machine) {
    Resource resource;
    resource.external_id = text_in(machine, "id");
    if (resource.external_id.empty()) return std::nullopt;
    resource.name = text_in(machine, "name");
    resource.state = parse_fly_state(text_in(machine, "state"));
    resource.address = text_in(machine, "private_ip");
    // A machine on an unreachable host comes with an incomplete_config in place of its config.
    for (const char* key : {"config", "incomplete_config"}) {
        const auto config = machine.find(key);
        if (config == machine.end() || !config->is_object()) continue;
        const auto metadata = config->find("metadata");
        if (metadata == config->end() || !metadata->is_object()) continue;
        for (const auto& [name, value] : metadata->items()) {
            if (value.is_string()) resource.labels[name] = value.get<std::string>();
        }
        break;
    }
    return resource;
}

ProviderError unreadable(const HttpResponse& response) {
    return {ProviderErrorClass::unknown,
            fmt::format("unreadable answer {}: {}", response.status, response.body)};
}

ProviderError of_transport(HttpError error) {
    // Refused says that nothing happened, so it is as good as a busy API.
    return {error == HttpError::refused ? ProviderErrorClass::busy : ProviderErrorClass::ambiguous,
            std::string(to_string(error))};
}

ProviderResult<Resource> parse_resource(const HttpResponse& response) {
    const json machine = json::parse(response.body, nullptr, false);
    auto resource = machine.is_object() ? resource_of(machine) : std::nullopt;
    if (!resource) return std::unexpected(unreadable(response));
    return *std::move(resource);
}

ProviderResult<void> discard(const ProviderResult<HttpResponse>& answer) {
    if (!answer) return std::unexpected(answer.error());
    return {};
}

}  // namespace

FlyProvider::FlyProvider(HttpClient& http, Telemetry& telemetry, FlyOptions options)
    : http_(http), telemetry_(telemetry), options_(std::move(options)) {}

boost::asio::awaitable<ProviderResult<HttpResponse>> FlyProvider::call(std::string method,
                                                                       std::string path,
                                                                       std::string body,
                                                                       Duration timeout) {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.target = fmt::format("/v1/apps/{}/machines{}", options_.app, path);
    request.headers["Authorization"] = "Bearer " + options_.token;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.body = std::move(body);
    const std::string what = fmt::format("{} {}", request.method, path);
    auto answer = co_await http_.send(std::move(request), timeout);
    if (!answer) co_return std::unexpected(of_transport(answer.error()));
    if (answer->status >= 200 && answer->status < 300) co_return std::move(*answer);
    ProviderError error = classify_fly_error(answer->status, answer->body);
    if (const auto after = answer->headers.find("Retry-After"); after != answer->headers.end()) {
        error.retry_after = parse_retry_after(after->second);
    }
    telemetry_.record("provider.error", {{"call", what},
                                         {"status", std::int64_t{answer->status}},
                                         {"class", to_string(error.error_class)},
                                         {"body", answer->body}});
    co_return std::unexpected(std::move(error));
}

boost::asio::awaitable<ProviderResult<Resource>> FlyProvider::create(CreateResource request) {
    json body = {
        {"name", request.name},
        {"skip_launch", true},
        {"config",
         {{"image", request.spec.image},
          {"env", request.environment},
          {"guest",
           {{"cpu_kind", "shared"},
            {"cpus", request.spec.cpus},
            {"memory_mb", request.spec.memory_mb}}},
          {"metadata", request.labels}}},
    };
    if (!request.spec.region.empty()) body["region"] = request.spec.region;
    auto answer = co_await call("POST", "", body.dump(), options_.timeout);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return parse_resource(*answer);
}

boost::asio::awaitable<ProviderResult<Resource>> FlyProvider::get(std::string external_id) {
    auto answer = co_await call("GET", "/" + url_encode(external_id), "", options_.timeout);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return parse_resource(*answer);
}

boost::asio::awaitable<ProviderResult<std::vector<Resource>>> FlyProvider::find(Labels labels) {
    std::string path;
    for (const auto& [name, value] : labels) {
        path += fmt::format("{}metadata.{}={}", path.empty() ? '?' : '&', url_encode(name),
                            url_encode(value));
    }
    auto answer = co_await call("GET", std::move(path), "", options_.timeout);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    const json machines = json::parse(answer->body, nullptr, false);
    if (!machines.is_array()) co_return std::unexpected(unreadable(*answer));
    std::vector<Resource> found;
    for (const json& machine : machines) {
        auto resource = resource_of(machine);
        if (!resource) co_return std::unexpected(unreadable(*answer));
        // The filter is not in the provider's own schema: do not rely on it.
        bool matches = true;
        for (const auto& [name, value] : labels) {
            const auto label = resource->labels.find(name);
            matches = matches && label != resource->labels.end() && label->second == value;
        }
        if (matches) found.push_back(*std::move(resource));
    }
    co_return found;
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::start(std::string external_id) {
    auto answer =
        co_await call("POST", "/" + url_encode(external_id) + "/start", "", options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::stop(std::string external_id) {
    auto answer =
        co_await call("POST", "/" + url_encode(external_id) + "/stop", "{}", options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::destroy(std::string external_id) {
    auto answer = co_await call("DELETE", "/" + url_encode(external_id) + "?force=true", "",
                                options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::wait_started(std::string external_id,
                                                                       Duration timeout) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
    std::string path =
        fmt::format("/{}/wait?state=started&timeout={}", url_encode(external_id), seconds);
    auto answer = co_await call("GET", std::move(path), "", timeout + options_.timeout);
    co_return discard(answer);
}

}  // namespace lifecycle
