#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/concurrency/contain.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/signature.hpp"

// Which requests there are, whom they are for, and the way from a request to its handler.
namespace lifecycle {
namespace {

constexpr std::string_view kAnyMethod = "*";
constexpr std::string_view kTheRest = "...";  // any further segments of a path, or none
constexpr std::string_view kProject = "{project}";

// The methods that some route takes. TRACE would show a client what it sent, and CONNECT would make
// a tunnel of us: no route has a use for them.
constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

Error no_such_route(std::string_view target) {
    return {ErrorCode::not_found, fmt::format("there is no route {}", target.substr(0, 200)),
            "see the list of routes in docs/api.md"};
}

HttpResponse wrong_method(std::string_view method, const std::string& allowed) {
    HttpResponse response = to_response(Error(ErrorCode::method_not_allowed,
                                              fmt::format("this route does not take {}", method),
                                              fmt::format("use {}", allowed)));
    response.headers["Allow"] = allowed;
    return response;
}

Error not_admin() {
    return {ErrorCode::unauthorized, "the request does not have the admin's token",
            "send it in the header \"Authorization: Bearer ...\""};
}

bool open_at(Audience audience, Door door) {
    switch (audience) {
        case Audience::client:
        case Audience::webhook:
        case Audience::balancer: return door == Door::clients;
        case Audience::box:
        case Audience::stranger: return door == Door::boxes;
    }
    return false;
}

// Takes the first segment off a path that begins with a slash.
std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

// Whether the path is of that pattern; `subject` is what it has in the place of "{...}".
bool fits(std::string_view path, std::string_view pattern, std::string_view& subject) {
    while (!pattern.empty()) {
        const std::string_view wanted = next_segment(pattern);
        if (wanted == kTheRest) return true;
        if (path.empty()) return false;
        const std::string_view segment = next_segment(path);
        if (wanted.starts_with('{')) {
            subject = segment;
        } else if (wanted != segment) {
            return false;
        }
    }
    return path.empty();
}

}  // namespace

std::span<const Api::Route> Api::routes() {
    using enum Audience;
    static constexpr Route kRoutes[] = {
        {"GET", "/v1/health", balancer, &Api::health},
        {"GET", "/v1/health", stranger, &Api::alive},
        {"GET", "/v1/metrics", client, &Api::metrics},
        {"GET", "/v1/reconcile", client, &Api::reconcile},
        {"POST", "/v1/reconcile", client, &Api::reconcile},
        {"POST", "/v1/webhooks/github", webhook, &Api::push},
        {"GET", "/v1/projects/{project}", client, &Api::project},
        {"GET", "/v1/projects/{project}/machines", client, &Api::list},
        {"POST", "/v1/projects/{project}/machines", client, &Api::create},
        {"GET", "/v1/projects/{project}/delegations", client, &Api::delegations},
        {"POST", "/v1/projects/{project}/delegations", client, &Api::delegate_work},
        {"GET", "/v1/projects/{project}/errors", client, &Api::errors},
        {"POST", "/v1/projects/{project}/archive", client, &Api::archive},
        {"POST", "/v1/projects/{project}/recreate", client, &Api::recreate},
        {"POST", "/v1/projects/{project}/snapshot", client, &Api::snapshot},
        {"PUT", "/v1/projects/{project}/github", client, &Api::bind},
        {kAnyMethod, "/v1/projects/{project}/proxy/...", client, &Api::proxy},
        {"GET", "/v1/machines/{machine}", client, &Api::get},
        {"GET", "/v1/machines/{machine}/agents", client, &Api::agents},
        {"GET", "/v1/machines/{machine}/events", client, &Api::history},
        {"POST", "/v1/machines/{machine}/archive", client, &Api::retire},
        {"POST", "/v1/machines/{machine}/retire", client, &Api::retire},
        {"POST", "/v1/machines/{machine}/restart", client, &Api::restart},
        {"POST", "/v1/machines/{machine}/rotate", client, &Api::rotate},
        {"POST", "/v1/machines/{machine}/register", box, &Api::register_box},
        {"POST", "/v1/machines/{machine}/status", box, &Api::status},
        {"GET", "/v1/delegations/{delegation}", client, &Api::delegation},
        {"POST", "/v1/delegations/{delegation}/result", box, &Api::conclude_delegation},
    };
    return kRoutes;
}

std::vector<Api::ListedRoute> Api::listed_routes() {
    return {routes().begin(), routes().end()};
}

Api::Match Api::match(Door door, const HttpRequest& request) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    Match match;
    for (const Route& route : routes()) {
        std::string_view subject;
        if (!open_at(route.audience, door) || !fits(path, route.pattern, subject)) continue;
        match.pattern = route.pattern;
        match.subject = subject;
        if (route.method == request.method || route.method == kAnyMethod) {
            match.route = &route;
            return match;
        }
        match.allowed += match.allowed.empty() ? "" : ", ";
        match.allowed += route.method;
    }
    return match;
}

Result<void> Api::admit(Door door, const Match& match, const HttpRequest& request) const {
    const bool by_token = match.route == nullptr || match.route->audience == Audience::client;
    if (door == Door::clients && by_token && !options_.admin_token_hash.empty()) {
        const auto token = parse_token(request);
        if (!token || !equal_in_constant_time(hash_of(*token), options_.admin_token_hash)) {
            return std::unexpected(not_admin());
        }
    }
    if (match.pattern.find(kProject) != std::string_view::npos &&
        !is_valid_project_id(match.subject)) {
        return std::unexpected(
            Error(ErrorCode::bad_request,
                  fmt::format("{} is not a project id", match.subject.substr(0, 200)),
                  "use 1 to 40 of a-z, 0-9 and -, beginning with a letter"));
    }
    return {};
}

std::size_t Api::max_body_bytes(Door door, const HttpRequest& head) const {
    const Match found = match(door, head);
    const bool is_push = found.route != nullptr && found.route->audience == Audience::webhook;
    return is_push && !options_.github_secret.empty() ? kMaxPushBytes : kMaxBodyBytes;
}

boost::asio::awaitable<HttpResponse> Api::handle(Door door, HttpRequest request) {
    if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
        co_return to_response(
            Error(ErrorCode::not_implemented,
                  fmt::format("no route takes {}", std::string_view(request.method).substr(0, 40)),
                  "use one of the methods in docs/api.md"));
    }
    if (const std::size_t most = max_body_bytes(door, request); request.body.size() > most) {
        co_return to_response(Error(
            ErrorCode::too_large,
            fmt::format("the body has {} bytes, and {} is the most", request.body.size(), most),
            "send a smaller body"));
    }
    if (!request.target.starts_with('/')) {
        co_return to_response(no_such_route(request.target));
    }
    // The pattern, not the target: what a client put into a path or a query may be a secret.
    Match found = match(door, request);
    std::string where = fmt::format("{} {}", request.method, found.pattern);
    HttpResponse response;
    const Ending ending =
        co_await contain(&ports_.telemetry, std::move(where),
                         answer(door, std::move(found), std::move(request), &response));
    if (ending == Ending::bug) {
        co_return to_response(Error(ErrorCode::internal, "a bug of the control plane was met",
                                    "look at its log for \"bug.contained\", and report it"));
    }
    if (ending == Ending::store_unavailable) {
        co_return to_response(Error(ErrorCode::store_unavailable,
                                    "the control plane cannot write to its database now",
                                    "send the same request again, with its Idempotency-Key"));
    }
    co_return response;
}

boost::asio::awaitable<void> Api::answer(Door door, Match found, HttpRequest request,
                                         HttpResponse* response) {
    if (const auto admitted = admit(door, found, request); !admitted) {
        *response = to_response(admitted.error());
        if (admitted.error().code == ErrorCode::unauthorized) {
            response->headers["WWW-Authenticate"] = "Bearer";
        }
        co_return;
    }
    if (found.route != nullptr) {
        HttpResponse made =
            co_await (this->*found.route->handler)(std::move(found.subject), std::move(request));
        *response = std::move(made);
    } else if (!found.pattern.empty()) {
        *response = wrong_method(request.method, found.allowed);
    } else {
        *response = to_response(no_such_route(request.target));
    }
}

}  // namespace lifecycle
