#include "system/routing/route_table.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "system/model/json.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

std::optional<Route> route_of(const json& listed) {
    if (!listed.is_array() || listed.size() != 1) return std::nullopt;
    Route route;
    route.version = number_in(listed.front(), "ModifyIndex");
    const json value = json_or_null(decode_base64(text_in(listed.front(), "Value")).value_or(""));
    route.machine = text_in(value, "machine");
    route.generation = number_in(value, "generation");
    route.address = text_in(value, "address");
    const auto tls = value.find("tls");
    route.tls = tls != value.end() && *tls == true;
    if (route.version == 0) return std::nullopt;
    return route;
}

std::string failure(const HttpResponse& answer) {
    return fmt::format("the route table answered {}: {}", answer.status,
                       answer.body.substr(0, 200));
}

}  // namespace

HttpRequest RouteTable::request(std::string method, const std::string& project) const {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.target = fmt::format("/v1/kv/{}/{}", options_.prefix, project);
    if (!options_.token.empty()) request.headers["X-Consul-Token"] = options_.token;
    return request;
}

RouteTable::Reply<Route> RouteTable::get(std::string project) {
    HttpRequest read = request("GET", project);
    const auto answer = co_await http_.send(std::move(read), options_.timeout);
    if (!answer) co_return std::unexpected(std::string(to_string(answer.error())));
    if (answer->status == 404) co_return Route{};
    if (answer->status != 200) co_return std::unexpected(failure(*answer));
    auto route = route_of(json_or_null(answer->body));
    if (!route) co_return std::unexpected(failure(*answer));
    co_return *std::move(route);
}

RouteTable::Reply<bool> RouteTable::put(std::string project, Route route) {
    HttpRequest write = request("PUT", project);
    write.target += fmt::format("?cas={}", route.version);
    const json record = {{"machine", route.machine},
                         {"generation", route.generation},
                         {"address", route.address},
                         {"tls", route.tls}};
    write.body = json_text(record);
    const auto answer = co_await http_.send(std::move(write), options_.timeout);
    if (!answer) co_return std::unexpected(std::string(to_string(answer.error())));
    if (answer->status != 200) co_return std::unexpected(failure(*answer));
    co_return answer->body.starts_with("true");
}

}  // namespace lifecycle
