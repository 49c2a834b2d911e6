#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/json.hpp"
#include "system/model/signature.hpp"
#include "system/rows/github_bindings.hpp"
#include "system/rows/projects.hpp"

// Pushes to a repository roll the machines of the projects that are bound to it.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
namespace lifecycle {
namespace {

using nlohmann::json;

std::string header(const HttpRequest& request, const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
}

Result<void> check_signature(const HttpRequest& request, const std::string& secret) {
    if (secret.empty()) {
        return std::unexpected(Error(ErrorCode::not_found, "webhooks of GitHub are switched off",
                                     "start the server with a webhook secret"));
    }
    const std::string expected = "sha256=" + hmac_sha256(secret, request.body);
    if (!equal_in_constant_time(header(request, "X-Hub-Signature-256"), expected)) {
        return std::unexpected(Error(ErrorCode::unauthorized, "the signature does not fit the body",
                                     "set the same secret here and in the repository's webhook"));
    }
    return {};
}

struct Push {
    std::string repository;
    std::string branch;
    std::string commit;          // that the branch leads to from then on
    std::int64_t pushed_at = 0;  // in seconds; 0: the sender does not say
};

// A push is known by what is signed, which the number of its delivery is not. A branch may come
// back to a commit: that is another push, at another time.
std::string key_of(const Push& push) {
    return fmt::format("github:{}:{}:{}:{}", push.repository, push.branch, push.commit,
                       push.pushed_at);
}

// Nothing if it is none to a branch.
std::optional<Push> push_in(const json& body) {
    const auto text = [](const json& object, const char* key) {
        const auto found = object.find(key);
        return found != object.end() && found->is_string() ? found->get<std::string>() : "";
    };
    constexpr std::string_view kBranches = "refs/heads/";
    const std::string ref = text(body, "ref");
    const auto repository = body.find("repository");
    if (!ref.starts_with(kBranches) || repository == body.end() || !repository->is_object()) {
        return std::nullopt;
    }
    // The push that deletes a branch asks for nothing.
    if (const auto deleted = body.find("deleted"); deleted != body.end() && *deleted == true) {
        return std::nullopt;
    }
    const auto pushed_at = repository->find("pushed_at");
    const bool timed = pushed_at != repository->end() && pushed_at->is_number_integer();
    return Push{text(*repository, "full_name"), ref.substr(kBranches.size()), text(body, "after"),
                timed ? pushed_at->get<std::int64_t>() : 0};
}

}  // namespace

Api::Answer Api::bind(std::string project, HttpRequest request) {
    const auto binding = parse_binding(request);
    if (!binding) co_return to_response(binding.error());
    auto change = [&project, &binding](Tx& tx) -> Result<bool> {
        if (!project_exists(tx, project)) return std::unexpected(no_such_project(project));
        if (is_archived(tx, project)) return std::unexpected(archived_project(project));
        bind_repository(tx, project, binding->repository, binding->branch);
        return true;
    };
    const auto bound = co_await store_.transact(change);
    if (!bound) co_return to_response(bound.error());
    co_return to_response(200,
                          json{{"repository", binding->repository}, {"branch", binding->branch}});
}

Api::Answer Api::push(std::string, HttpRequest request) {
    if (const auto signature = check_signature(request, options_.github_secret); !signature) {
        co_return to_response(signature.error());
    }
    const std::string delivery = header(request, "X-GitHub-Delivery");
    if (delivery.empty() || delivery.size() > 100) {
        co_return to_response(Error(ErrorCode::bad_request,
                                    "the header X-GitHub-Delivery is missing or too long",
                                    "send what GitHub sends"));
    }
    // A push may list thousands of commits and their files, of which nothing is kept.
    constexpr JsonLimits kLimits{.max_bytes = kMaxPushBytes, .max_parts = 4'000'000};
    const auto body =
        parse_members(request.body, {"ref", "after", "deleted", "repository"}, kLimits);
    if (!body || !body->is_object()) {
        co_return to_response(
            Error(ErrorCode::bad_request,
                  fmt::format("the body {}", body ? "is no object" : to_string(body.error())),
                  "send what GitHub sends, as application/json"));
    }
    const auto pushed = push_in(*body);
    if (header(request, "X-GitHub-Event") != "push" || !pushed) {
        co_return to_response(200, json{{"machines", json::array()}});
    }
    if (pushed->commit.empty() || pushed->commit.size() > 100) {
        co_return to_response(Error(ErrorCode::bad_request,
                                    "the field \"after\" is missing or too long",
                                    "send what GitHub sends"));
    }
    // One project that refuses does not hold up the others.
    json refused = json::array();
    auto roll = [this, &pushed, &refused](Tx& tx) -> Result<std::vector<Requested>> {
        std::vector<Requested> all;
        refused.clear();
        std::optional<Error> first;
        for (const std::string& project :
             projects_bound_to(tx, pushed->repository, pushed->branch)) {
            if (pushed->pushed_at > 0 && is_stale_push(tx, project, pushed->pushed_at)) continue;
            // The same push, however often it is told, gives the same machine.
            auto made = roll_machine(tx, project, key_of(*pushed), machines_, ports_.clock.now());
            if (made) {
                all.push_back(*std::move(made));
                continue;
            }
            refused.push_back({{"project", project}, {"message", made.error().message}});
            if (!first) first = made.error();
        }
        if (first && all.empty()) return std::unexpected(*first);
        return all;
    };
    const auto rolled = co_await store_.transact(roll);
    if (!rolled) co_return to_response(rolled.error());
    outbox_.wake();
    json listed = json::array();
    json queued = json::array();
    for (const Requested& made : *rolled) {
        listed.push_back(shown(made.machine));
        if (made.queued) queued.push_back(made.machine.project);
    }
    co_return to_response(202, json{{"machines", std::move(listed)},
                                    {"queued", std::move(queued)},
                                    {"refused", std::move(refused)}});
}

}  // namespace lifecycle
