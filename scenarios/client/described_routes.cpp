#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/client/requests.hpp"

// The table of all routes as docs/api.md has it.
namespace scenarios {
namespace {

std::string quoted(std::size_t bytes) {
    return '"' + std::string(bytes, 'x') + '"';
}

// A text of up to 512 bytes without a zero byte.
Field text(std::string name, std::vector<std::string> good = {quoted(512), R"("a text")"}) {
    return {std::move(name),
            std::move(good),
            {"7", "null", "true", "[]", "{}", quoted(513), R"("a\u0000b")"},
            {},
            true};
}

// One of the texts named.
Field one_of(std::string name, std::vector<std::string> good) {
    Field field = text(std::move(name), std::move(good));
    field.bad.insert(field.bad.end(), {R"("")", R"("neither")"});
    return field;
}

Field whole_number(std::string name, std::int64_t least, std::int64_t most) {
    return {std::move(name),
            {fmt::format("{}", least), fmt::format("{}", most)},
            {fmt::format("{}", least - 1), fmt::format("{}", most + 1), "1.5", R"("7")", "null",
             "true", "[7]", "-9223372036854775808", "9223372036854775808", "18446744073709551615"},
            fmt::format("from {} to {}", least, most)};
}

const std::vector<Field>& fields_of_a_machine() {
    static const std::vector<Field> fields = [] {
        std::vector<Field> all = {text("image"),
                                  text("region"),
                                  text("provider", {R"("")", R"("fly")", R"("docker")"}),
                                  whole_number("cpus", 1, 64),
                                  whole_number("memory_mb", 256, 1'048'576),
                                  whole_number("volume_gb", 0, 500),
                                  whole_number("active_within_s", 60, 86'400)};
        all[0].bad.emplace_back(R"("")");
        return all;
    }();
    return fields;
}

std::vector<DescribedRoute> of_the_installation() {
    const Field destroy{"destroy", {"[]"}, {"7", "null", "{}", R"("a")", R"([""])", R"(["a", 7])"}};
    const Field apply{"apply", {"true", "false"}, {"7", "null", R"("true")", "[]"}};
    return {
        {.method = "GET", .pattern = "/v1/health", .caller = Caller::anybody, .answers = {200}},
        {.method = "GET",
         .pattern = "/v1/health",
         .caller = Caller::anybody,
         .answers = {200},
         .entrance = Entrance::boxes},
        {.method = "GET", .pattern = "/v1/metrics", .answers = {200}},
        {.method = "GET", .pattern = "/v1/reconcile", .answers = {200}},
        {.method = "POST",
         .pattern = "/v1/reconcile",
         .answers = {200},
         .takes_body = true,
         .body = "{}",
         .fields = {apply, destroy}},
        {.method = "POST",
         .pattern = "/v1/webhooks/github",
         .caller = Caller::webhook,
         .answers = {200}},
    };
}

// Answers to those who only look at a project.
constexpr std::array<int, kStandings> kSeen = {404, 200, 200, 0, 200, 200};

std::vector<DescribedRoute> of_projects() {
    Field repository = text("repository", {R"("a/b")", '"' + std::string(510, 'x') + R"(/y")"});
    repository.bad.insert(repository.bad.end(), {R"("")", R"("a")", R"("a/b/c")"});
    Field agent = text("agent");
    agent.bad.emplace_back(R"("")");
    const Field payload{"payload", {"null", "7", R"("text")", "[1]", R"({"a": {}})"}, {}};
    const std::string project = "/v1/projects/{project}";
    return {
        {.method = "GET", .pattern = project, .answers = kSeen},
        {.method = "GET", .pattern = project + "/machines", .answers = kSeen, .is_list = true},
        {.method = "POST",
         .pattern = project + "/machines",
         .answers = {202, 202, 202, 0, 202, 202},
         .takes_body = true,
         .takes_key = true,
         .body = R"({"image": "registry.fly.io/vivarium:1"})",
         .fields = fields_of_a_machine()},
        {.method = "GET", .pattern = project + "/delegations", .answers = kSeen, .is_list = true},
        {.method = "POST",
         .pattern = project + "/delegations",
         .answers = {404, 202, 202, 0, 202, 409},
         .takes_body = true,
         .takes_key = true,
         .body = R"({"agent": "agent-1"})",
         .fields = {agent, payload, whole_number("timeout_s", 1, 604'800)}},
        {.method = "GET", .pattern = project + "/errors", .answers = kSeen},
        {.method = "PUT",
         .pattern = project + "/github",
         .answers = {404, 200, 200, 0, 200, 409},
         .takes_body = true,
         .body = R"({"repository": "acme/app"})",
         .fields = {repository, text("branch")}},
        {.method = "POST",
         .pattern = project + "/recreate",
         .answers = {404, 202, 202, 0, 202, 409},
         .takes_body = true,
         .body = "{}",
         .fields = {text("machine", {}), text("reason")}},
        {.method = "POST",
         .pattern = project + "/snapshot",
         .answers = {404, 409, 409, 0, 409, 409},
         .takes_body = true,
         .body = "{}"},
        {.method = "*", .pattern = project + "/proxy/...", .answers = {503, 503, 200, 0, 503, 503}},
        {.method = "POST",
         .pattern = project + "/archive",
         .answers = {404, 202, 202, 0, 202, 202},
         .takes_body = true,
         .body = "{}"},
    };
}

std::vector<DescribedRoute> of_machines() {
    const std::string machine = "/v1/machines/{machine}";
    std::vector<DescribedRoute> all = {
        {.method = "GET", .pattern = machine, .answers = {404, 200, 200, 200, 200, 200}},
        {.method = "GET",
         .pattern = machine + "/events",
         .answers = {404, 200, 200, 200, 200, 200},
         .is_list = true},
        {.method = "GET",
         .pattern = machine + "/agents",
         .answers = {404, 503, 200, 503, 503, 503}},
    };
    const auto change = [&](const char* verb, std::array<int, kStandings> answers) {
        all.push_back({.method = "POST",
                       .pattern = machine + "/" + verb,
                       .answers = answers,
                       .takes_body = true,
                       .takes_key = std::string_view(verb) == "restart",
                       .body = "{}"});
    };
    change("rotate", {404, 202, 202, 409, 409, 409});
    change("restart", {404, 409, 202, 409, 409, 409});
    change("retire", {404, 202, 202, 202, 409, 202});
    change("archive", {404, 202, 202, 202, 409, 202});
    return all;
}

// What boxes say. Right requests here are those of the box of the machine that they are about, or,
// for `register`, of another that knows its secret.
std::vector<DescribedRoute> of_boxes() {
    Field status = one_of("status", {R"("booting")", R"("ready")"});
    status.bad.emplace_back(R"("silent")");
    Field outcome = one_of("outcome", {R"("processed")", R"("failed")"});
    outcome.bad.emplace_back(R"("delivered")");
    Field boot = text("boot", {R"("-A_z.019")", quoted(64)});
    boot.bad.insert(boot.bad.end(), {R"("")", quoted(7), quoted(65), R"("a b c d e")"});
    return {
        {.method = "POST",
         .pattern = "/v1/machines/{machine}/register",
         .caller = Caller::box,
         .answers = {404, 200, 409, 410, 410, 410},
         .takes_body = true,
         .body = R"({"boot": "boot-of-another", "status": "ready"})",
         .fields = {boot, status, text("token")},
         .entrance = Entrance::boxes},
        {.method = "POST",
         .pattern = "/v1/machines/{machine}/status",
         .caller = Caller::box,
         .answers = {404, 401, 200, 410, 410, 410},
         .takes_body = true,
         .body = R"({"status": "ready"})",
         .fields = {status},
         .entrance = Entrance::boxes},
        {.method = "GET", .pattern = "/v1/delegations/{delegation}", .answers = {404, 0, 200}},
        {.method = "POST",
         .pattern = "/v1/delegations/{delegation}/result",
         .caller = Caller::box,
         .answers = {404, 0, 200},
         .takes_body = true,
         .body = R"({"outcome": "processed"})",
         .fields = {outcome, text("result")},
         .entrance = Entrance::boxes},
    };
}

}  // namespace

const std::vector<DescribedRoute>& described_routes() {
    static const std::vector<DescribedRoute> all = [] {
        std::vector<DescribedRoute> routes = of_the_installation();
        for (auto some : {of_projects(), of_machines(), of_boxes()}) {
            routes.insert(routes.end(), std::make_move_iterator(some.begin()),
                          std::make_move_iterator(some.end()));
        }
        return routes;
    }();
    return all;
}

const DescribedRoute& described_route(std::string_view method, std::string_view pattern) {
    for (const DescribedRoute& route : described_routes()) {
        if (route.method == method && route.pattern == pattern) return route;
    }
    throw std::logic_error(fmt::format("there is no route {} {}", method, pattern));
}

}  // namespace scenarios
