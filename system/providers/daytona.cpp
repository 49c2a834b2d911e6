#include "system/providers/daytona.hpp"
#include "system/model/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

// As the API counts minutes.
constexpr int kNeverStop = 0;
constexpr int kNeverDelete = -1;
// The most that one page of a list may hold, and pages after which a list is taken to have no end.
constexpr int kPage = 200;
constexpr int kMaxPages = 500;

std::optional<Resource> resource_of(const json& sandbox) {
    if (!sandbox.is_object()) return std::nullopt;
    Resource resource;
    resource.external_id = text_in(sandbox, "id");
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

DaytonaProvider::DaytonaProvider(HttpClient& http, Clock& clock, Telemetry& telemetry,
                                 DaytonaOptions options)
    : dialect_(http, clock, telemetry, "daytona", classify_daytona_error),
      options_(std::move(options)) {}

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
    // No size: the snapshot says it, and a request that says one too is refused.
    json body = {
        {"name", request.name},           {"snapshot", request.spec.image},
        {"env", request.environment},     {"labels", request.labels},
        {"autoStopInterval", kNeverStop}, {"autoDeleteInterval", kNeverDelete},
    };
    if (!request.spec.region.empty()) body["target"] = request.spec.region;
    const auto answer = co_await call("POST", "/sandbox", json_text(body), options_.start_timeout);
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

boost::asio::awaitable<ListResult<Resource>> DaytonaProvider::find(Labels labels) {
    // In an order that changes of a sandbox leave alone, so that none moves from page to page.
    const std::string query = fmt::format("/sandbox?limit={}&sort=createdAt&order=asc&labels={}",
                                          kPage, url_encode(json_text(json(labels))));
    Listing<Resource> all;
    std::string cursor;
    for (int page = 0; page < kMaxPages; ++page) {
        std::string path = cursor.empty() ? query : query + "&cursor=" + url_encode(cursor);
        const auto answer = co_await call("GET", std::move(path), "", options_.timeout);
        if (!answer) co_return std::unexpected(answer.error());
        const json listed = json_or_null(answer->body);
        // Before May 2026 the API answered with all of them, as a plain array.
        const auto items = listed.is_object() ? listed.find("items") : listed.end();
        const json& elements = items != listed.end() ? *items : listed;
        if (!elements.is_array()) co_return std::unexpected(unreadable(*answer));
        read_elements(elements, resource_of, with_all(labels), all);
        std::string next = text_in(listed, "nextCursor");
        if (next.empty()) co_return all;
        if (next == cursor) break;
        cursor = std::move(next);
    }
    all.unreadable.emplace_back("a list that does not end");
    co_return all;
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::start(std::string external_id) {
    const auto answer = co_await call("POST", "/sandbox/" + url_encode(external_id) + "/start", "",
                                      options_.start_timeout);
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> DaytonaProvider::stop(std::string external_id) {
    const auto answer = co_await call("POST", "/sandbox/" + url_encode(external_id) + "/stop", "",
                                      options_.timeout);
    // It is between states otherwise, which is another answer.
    if (!answer && answer.error().detail.contains("Sandbox is not started")) {
        co_return ProviderResult<void>{};
    }
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
