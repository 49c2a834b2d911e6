#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/client/requests.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "system/model/json.hpp"
#include "system/ports/http.hpp"

// What is refused of each route, and what no route takes.
namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using nlohmann::json;

constexpr std::array<const char*, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                 "PATCH", "DELETE", "OPTIONS"};
std::string repeated(std::size_t bytes, char letter) {
    return std::string(bytes, letter);
}

HttpRequest with_body(HttpRequest request, std::string body) {
    request.body = std::move(body);
    return request;
}

HttpRequest with_header(HttpRequest request, const char* name, std::string value) {
    request.headers[name] = std::move(value);
    return request;
}

HttpRequest without_header(HttpRequest request, const char* name) {
    request.headers.erase(name);
    return request;
}

std::string in_quotes(std::string_view name) {
    return fmt::format("\"{}\"", name);
}

void refuse_bodies(const DescribedRoute& route, const HttpRequest& right, std::vector<Ask>& all) {
    for (const Field& field : route.fields) {
        for (const std::string& bad : field.bad) {
            std::vector<std::string> says = {in_quotes(field.name)};
            if (!field.rule.empty()) says.push_back(field.rule);
            if (field.is_text && !bad.starts_with('"')) says.emplace_back("has to be a text");
            all.push_back(
                {with_body(right, body_with(route, field.name, bad)), 400, std::move(says)});
        }
    }
    const json whole = lifecycle::json_or_null(route.body);
    for (const auto& [name, value] : whole.items()) {
        json part = whole;
        part.erase(name);
        all.push_back({with_body(right, lifecycle::json_text(part)), 400, {in_quotes(name)}});
    }
    const std::string deep = R"({"a": )" + repeated(64, '[') + repeated(64, ']') + "}";
    for (const std::string& body :
         {std::string("[]"), std::string("7"), std::string("null"), std::string("\"{}\""),
          std::string("{"), std::string("nothing"), std::string("{} {}"), std::string("{\"a\" 1}"),
          std::string("{\"\xff\": 1}"), deep}) {
        all.push_back({with_body(right, body), 400, {"the body"}});
    }
    all.push_back({with_body(right, body_with(route, "unheard-of", "1")),
                   400,
                   {in_quotes("unheard-of"), "is not known here"}});
    all.push_back({with_body(right, body_with(route, repeated(600, 'y'), "1")),
                   400,
                   {in_quotes(repeated(512, 'y'))}});
}

void refuse_pages(const HttpRequest& right, std::vector<Ask>& all) {
    const auto asked = [&](const std::string& query) {
        HttpRequest request = right;
        request.target += "?" + query;
        return request;
    };
    for (const char* limit : {"0", "1001", "-1", "7x", "", "x", "1e2", "99999999999999999999"}) {
        all.push_back({asked(std::string("limit=") + limit), 400, {"\"limit\"", "from 1 to 1000"}});
    }
    for (const char* after : {"-1", "7x", "", "x", "9223372036854775808"}) {
        all.push_back({asked(std::string("after=") + after), 400, {"\"after\"", "from 0 to"}});
    }
    for (const char* query : {"limit", "limit=7&after", "after=7&limit=0", "limit=7&limit=0"}) {
        all.push_back({asked(query), 400, {"has to be a whole number"}});
    }
    all.push_back({asked("unheard-of=1"), 400, {in_quotes("unheard-of"), "is not known"}});
    all.push_back({asked("limit=7&page=1"), 400, {in_quotes("page")}});
    all.push_back({asked(repeated(300, 'y') + "=1"), 400, {in_quotes(repeated(200, 'y'))}});
}

void refuse_callers(const DescribedRoute& route, const HttpRequest& right, std::vector<Ask>& all) {
    if (route.caller != Caller::client && route.caller != Caller::box) return;
    const bool challenged = route.caller == Caller::client;
    const auto refused = [&](HttpRequest request) {
        Ask ask;
        ask.request = std::move(request);
        ask.status = 401;
        ask.challenged = challenged;
        all.push_back(std::move(ask));
    };
    refused(without_header(right, "Authorization"));
    refused(with_header(right, "Authorization", "Basic " + std::string(kAdminToken)));
    refused(with_header(right, "Authorization", kAdminToken));
    if (!challenged) return;
    refused(with_header(right, "Authorization", "Bearer "));
    refused(with_header(right, "Authorization", "Bearer somebody"));
    refused(with_header(right, "Authorization", fmt::format("Bearer {}x", kAdminToken)));
}

// A method that a path does not take, and the address where it is not.
void refuse_elsewhere(const DescribedRoute& route, const HttpRequest& right,
                      std::vector<Ask>& all) {
    std::vector<std::string> taken;
    bool at_both = false;
    for (const DescribedRoute& other : described_routes()) {
        if (other.pattern != route.pattern) continue;
        if (other.entrance == route.entrance) taken.push_back(other.method);
        if (other.entrance != route.entrance) at_both = true;
    }
    if (!at_both) {
        const bool at_boxes = route.entrance == Entrance::boxes;
        const HttpRequest elsewhere = request_to(at_boxes ? Entrance::clients : Entrance::boxes,
                                                 right.method, right.target, right.body);
        all.push_back({elsewhere, 404, {"there is no route"}});
    }
    if (taken.front() != route.method || route.method == "*") return;
    std::string allow;
    for (const std::string& method : taken) allow += (allow.empty() ? "" : ", ") + method;
    for (const char* method : kMethods) {
        if (std::ranges::find(taken, method) != taken.end()) continue;
        Ask ask;
        ask.request = request_to(route.entrance, method, right.target);
        ask.status = 405;
        ask.says = {method};
        ask.allow = allow;
        all.push_back(ask);
        if (route.entrance == Entrance::boxes) continue;
        ask.request.headers.erase("Authorization");
        ask = {ask.request, 401, {}, {}, {}, true};
        all.push_back(ask);
    }
}

void refuse_names(const DescribedRoute& route, std::vector<Ask>& all) {
    if (!route.pattern.contains("{project}")) return;
    for (const std::string& name :
         {std::string("No_Name"), std::string("7up"), std::string("-a"), repeated(41, 'a')}) {
        all.push_back({request_of(route, name), 400, {name + " is not a project id"}});
    }
    all.push_back({request_of(route, repeated(300, 'a')),
                   400,
                   {repeated(200, 'a') + " is not a project id"},
                   {repeated(201, 'a')}});
}

}  // namespace

std::vector<Ask> refusals_of(const DescribedRoute& route, const std::string& subject) {
    std::vector<Ask> all;
    const HttpRequest right = request_of(route, subject);
    if (route.takes_body) refuse_bodies(route, right, all);
    if (route.is_list) refuse_pages(right, all);
    if (route.takes_key) {
        const std::string key = repeated(201, 'k');
        all.push_back({with_header(right, "Idempotency-Key", key), 400, {"Idempotency-Key"}});
    }
    refuse_callers(route, right, all);
    refuse_elsewhere(route, right, all);
    refuse_names(route, all);
    return all;
}

std::vector<Ask> strays() {
    std::vector<Ask> all;
    for (const Entrance entrance : {Entrance::clients, Entrance::boxes}) {
        for (const char* target :
             {"/", "//", "/v1", "/v1/", "/v1/health/", "/v1/healthy", "/v1/health/more",
              "/v2/health", "/v1/projects", "/v1/projects/alpha/machines/",
              "/v1/projects/alpha/nothing", "/v1/machines", "/v1/machines/alpha-1/events/more",
              "/v1/delegations", "v1/health", "*"}) {
            all.push_back({request_to(entrance, "GET", target), 404, {"there is no route"}});
        }
        const HttpRequest far = request_to(entrance, "GET", "/v1/" + repeated(300, 'y'));
        all.push_back({far, 404, {"/v1/" + repeated(196, 'y')}, {repeated(197, 'y')}});
        for (const char* method : {"TRACE", "CONNECT", "get", "QUERY"}) {
            all.push_back({request_to(entrance, method, "/v1/health"), 501, {method}});
        }
        const HttpRequest odd = request_to(entrance, repeated(60, 'Q'), "/v1/health");
        all.push_back({odd, 501, {repeated(40, 'Q')}, {repeated(41, 'Q')}});
    }
    Ask stranger;
    stranger.request =
        without_header(request_to(Entrance::clients, "GET", "/v1/nothing"), "Authorization");
    stranger.status = 401;
    stranger.challenged = true;
    all.push_back(std::move(stranger));
    return all;
}

}  // namespace scenarios
