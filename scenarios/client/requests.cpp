#include "scenarios/client/requests.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/cluster/cluster.hpp"
#include "system/model/json.hpp"

namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;

constexpr const char* kRest = "/...";

std::string path_of(std::string pattern, const std::string& subject) {
    if (pattern.ends_with(kRest)) pattern.replace(pattern.size() - 4, 4, "/hello");
    const auto begin = pattern.find('{');
    if (begin == std::string::npos) return pattern;
    return pattern.replace(begin, pattern.find('}') - begin + 1, subject);
}

// What the document calls an answer of that status.
std::string_view code_of(int status) {
    switch (status) {
        case 400: return "bad_request";
        case 401: return "unauthorized";
        case 403: return "forbidden";
        case 404: return "not_found";
        case 405: return "method_not_allowed";
        case 409: return "conflict";
        case 410: return "superseded";
        case 413: return "too_large";
        case 501: return "not_implemented";
        case 502: return "machine_error";
        case 503: return "machine_unavailable";
        default: return "";
    }
}

}  // namespace

std::string header(const HttpResponse& answer, const char* name) {
    const auto found = answer.headers.find(name);
    return found == answer.headers.end() ? std::string() : found->second;
}

std::string to_string(const HttpRequest& request) {
    constexpr std::size_t kShown = 120;
    std::string text = fmt::format("{} {}{}", request.method, request.authority,
                                   std::string_view(request.target).substr(0, kShown));
    for (const auto& [name, value] : request.headers) {
        text += fmt::format(" {}: {}", name, value.starts_with("Bearer ") ? "Bearer" : value);
    }
    return fmt::format("{} {}", text, std::string_view(request.body).substr(0, kShown));
}

HttpRequest request_to(Entrance entrance, std::string method, std::string target,
                       std::string body) {
    const bool clients = entrance == Entrance::clients;
    HttpRequest request;
    request.method = std::move(method);
    request.authority = clients ? kApiAuthority : kControlAuthority;
    request.target = std::move(target);
    request.headers["Authorization"] =
        fmt::format("Bearer {}", clients ? kAdminToken : "of-nobody");
    request.body = std::move(body);
    return request;
}

HttpRequest post(std::string target, std::string body, const std::string& key) {
    HttpRequest request = request_to(Entrance::clients, "POST", std::move(target), std::move(body));
    if (!key.empty()) request.headers["Idempotency-Key"] = key;
    return request;
}

HttpRequest by_box(std::string target, std::string body, const std::string& bearer) {
    HttpRequest request = request_to(Entrance::boxes, "POST", std::move(target), std::move(body));
    request.headers["Authorization"] = "Bearer " + bearer;
    return request;
}

HttpRequest request_of(const DescribedRoute& route, const std::string& subject) {
    const std::string method = route.method == "*" ? "PATCH" : route.method;
    return request_to(route.entrance, method, path_of(route.pattern, subject), route.body);
}

std::string body_with(const DescribedRoute& route, const std::string& field,
                      const std::string& value) {
    json body = lifecycle::json_or_null(route.body);
    body[field] = lifecycle::json_or_null(value);
    return lifecycle::json_text(body);
}

std::optional<std::string> wrong_about(const Ask& ask, const HttpResponse& answer) {
    if (answer.status != ask.status) {
        return fmt::format("it is answered {} and not {}: {}", answer.status, ask.status,
                           std::string_view(answer.body).substr(0, 200));
    }
    if (!ask.body.empty() && answer.body != ask.body) return "its answer has another body";
    if (header(answer, "Allow") != ask.allow) return "its answer has another Allow";
    if (header(answer, "WWW-Authenticate") != (ask.challenged ? "Bearer" : "")) {
        return "WWW-Authenticate is there, or is not, without a reason";
    }
    if (header(answer, "Retry-After").empty() != (answer.status != 503)) {
        return "Retry-After is there, or is not, without a reason";
    }
    if (answer.status < 400) return std::nullopt;
    if (header(answer, "Content-Type") != "application/json") return "the error is no JSON";
    const json body = lifecycle::json_or_null(answer.body);
    const json error = body.is_object() ? body.value("error", json()) : json();
    if (!error.is_object()) return "the answer has no error";
    if (error.value("code", "") != code_of(ask.status)) return "the error has another code";
    const std::string message = error.value("message", "");
    if (message.empty() || error.value("action", "").empty()) return "the error says too little";
    for (const std::string& said : ask.says) {
        if (!message.contains(said)) return fmt::format("\"{}\" does not say {}", message, said);
    }
    for (const std::string& omitted : ask.omits) {
        if (message.contains(omitted)) return fmt::format("\"{}\" says too much", message);
    }
    return std::nullopt;
}

}  // namespace scenarios
