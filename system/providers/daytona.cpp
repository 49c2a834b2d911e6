#include "system/providers/daytona.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

std::optional<Resource> resource_of(const json& sandbox) {
    Resource resource;
    resource.external_id = text_in(sandbox, "id");
    if (resource.external_id.empty()) return std::nullopt;
    resource.name = text_in(sandbox, "name");
    resource.state =
        parse_daytona_state(text_in(sandbox, "state"), text_in(sandbox, "desiredState"));
    resource.region = text_in(sandbox, "target");
    resource.labels = texts_of(object_in(sandbox, "labels"));
    resource.cpus = number_in(sandbox, "cpu");
    resource.memory_mb = number_in(sandbox, "memory") * 1024;
    return resource;
}

// "https://host[:port]/..." as an authority; empty if it is no such address.
std::string authority_in(std::string_view url, bool& tls) {
    tls = url.starts_with("https://");
    if (!tls && !url.starts_with("http://")) return {};
    url.remove_prefix(tls ? 8 : 7);
    url = url.substr(0, url.find_first_of("/?#"));
    if (url.empty() || url.find('@') != std::string_view::npos || !is_header_text(url)) return {};
    const bool has_port = url.rfind(':') != std::string_view::npos && url.back() != ']';
    return fmt::format("{}{}", url, has_port ? "" : tls ? ":443" : ":80");
}

}  // namespace

DaytonaProvider::DaytonaProvider(HttpClient& http, Telemetry& telemetry, DaytonaOptions options)
    : dialect_(http, telemetry, "daytona", classify_daytona_error), options_(std::move(options)) {}

boost::asio::awaitable<ProviderResult<HttpResponse>> DaytonaProvider::call(std::string method,
                                                                           std::string path,
                                                                           std::string body,
                                                                           Duration timeout) {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.tls = options_.tls;
    request.target = "/api" + path;
    request.headers["Authorization"] = "Bearer " + options_.token;
    if (!options_.organization.empty()) {
        request.headers["X-Daytona-Organization-ID"] = options_.organization;
    }
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.body = std::move(body);
    std::string what = fmt::format("{} {}", request.method, path.substr(0, path.find('?')));
    return dialect_.call(std::move(request), timeout, std::move(what));
}

boost::asio::awaitable<ProviderResult<Resource>> DaytonaProvider::create(CreateResource request) {
    json body = {
        {"name", request.name},
        {"snapshot", request.spec.image},
        {"env", request.environment},
        {"labels", request.labels},
        {"cpu", request.spec.cpus},
        // In whole GiB, at least what was asked for.
        {"memory", (request.spec.memory_mb + 1023) / 1024},
        {"autoStopInterval", 0},
        {"autoDeleteInterval", -1},
    };
    if (!request.spec.region.empty()) body["target"] = request.spec.region;
    const auto answer = co_await call("POST", "/sandbox", body.dump(), options_.create_timeout);
    if (!answer) {
        ProviderError error = answer.error();
        // The answer does not say who has the name, but get() takes names too.
        if (error.error_class == ProviderErrorClass::conflict) error.conflicting_id = request.name;
        // What is not found is not the sandbox but what it was to be made from.
        if (error.error_class == ProviderErrorClass::gone) {
            error.error_class = ProviderErrorClass::permanent;
        }
        co_return std::unexpected(std::move(error));
    }
    co_return parse(answer, resource_of);
}

boost::asio::awaitable<ProviderResult<Resource>> DaytonaProvider::get(std::string external_id) {
    const auto answer =
        co_await call("GET", "/sandbox/" + url_encode(external_id), "", options_.timeout);
    co_return parse(answer, resource_of);
}

boost::asio::awaitable<ProviderResult<std::vector<Resource>>> DaytonaProvider::find(Labels labels) {
    const auto answer = co_await call("GET", "/sandbox?labels=" + url_encode(json(labels).dump()),
                                      "", options_.timeout);
    co_return only_with(parse_all(answer, resource_of), labels);
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::start(std::string external_id) {
    const auto answer = co_await call("POST", "/sandbox/" + url_encode(external_id) + "/start", "",
                                      options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::stop(std::string external_id) {
    const auto answer = co_await call("POST", "/sandbox/" + url_encode(external_id) + "/stop", "",
                                      options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::restart(std::string external_id) {
    return stop(std::move(external_id));
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::destroy(std::string external_id) {
    const auto answer =
        co_await call("DELETE", "/sandbox/" + url_encode(external_id), "", options_.timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::wait_started(
    std::string /*external_id*/, Duration /*timeout*/) {
    co_return std::unexpected(
        ProviderError(ProviderErrorClass::not_yet, "sandboxes start by themselves"));
}

boost::asio::awaitable<ProviderResult<Endpoint>> DaytonaProvider::reach(std::string external_id,
                                                                        std::string /*address*/,
                                                                        std::uint16_t port) {
    const auto answer = co_await call(
        "GET", fmt::format("/sandbox/{}/ports/{}/preview-url", url_encode(external_id), port), "",
        options_.timeout);
    if (!answer) co_return std::unexpected(answer.error());
    const json preview = json_or_null(answer->body);
    Endpoint endpoint;
    endpoint.authority = authority_in(text_in(preview, "url"), endpoint.tls);
    const std::string token = text_in(preview, "token");
    if (endpoint.authority.empty() || !is_header_text(token)) {
        // Not the whole answer: it holds a token.
        co_return std::unexpected(
            ProviderError(ProviderErrorClass::unknown, "a preview address that is none"));
    }
    if (!token.empty()) endpoint.headers["x-daytona-preview-token"] = token;
    co_return endpoint;
}

}  // namespace lifecycle
