#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/client/requests.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "system/model/signature.hpp"
#include "system/ports/http.hpp"

// Deliveries of GitHub's webhook, and bodies as large as they may be.
namespace scenarios {
namespace {

using lifecycle::HttpRequest;

constexpr std::size_t kMaxBody = std::size_t{1} << 20;
constexpr std::size_t kMaxPush = 25 * kMaxBody;

std::string signature(const std::string& secret, const std::string& body) {
    return "sha256=" + lifecycle::hmac_sha256(secret, body);
}

std::string push_with(const std::string& more) {
    return R"({"ref": "refs/heads/main", "repository": {"full_name": "acme/nobody"})" + more + "}";
}

// The same JSON, and spaces up to so many bytes.
std::string padded(std::string body, std::size_t bytes) {
    body.resize(bytes, ' ');
    return body;
}

std::string zeros(std::size_t count) {
    std::string list = "[0";
    list.reserve(2 * count + 2);
    for (std::size_t i = 1; i < count; ++i) list += ",0";
    return list + "]";
}

}  // namespace

HttpRequest delivery_of(std::string body) {
    HttpRequest request =
        request_to(Entrance::clients, "POST", "/v1/webhooks/github", std::move(body));
    request.headers.erase("Authorization");  // GitHub has no token of ours
    request.headers["X-GitHub-Event"] = "push";
    request.headers["X-GitHub-Delivery"] = "a-delivery";
    request.headers["X-Hub-Signature-256"] = signature(kGithubSecret, request.body);
    return request;
}

std::vector<Ask> refused_deliveries() {
    std::vector<Ask> all;
    const HttpRequest right = delivery_of(push_with(R"(, "after": "c0ffee")"));
    const auto signed_with = [&](const std::string& said) {
        HttpRequest request = right;
        request.headers["X-Hub-Signature-256"] = said;
        all.push_back({std::move(request), 401, {"signature"}});
    };
    signed_with("");
    signed_with(signature("not the secret", right.body));
    signed_with(signature(kGithubSecret, "another body"));
    signed_with(lifecycle::hmac_sha256(kGithubSecret, right.body));
    HttpRequest without = right;
    without.headers.erase("X-Hub-Signature-256");
    all.push_back({std::move(without), 401, {"signature"}});
    for (const std::string& number : {std::string(), std::string(101, 'd')}) {
        HttpRequest request = right;
        request.headers["X-GitHub-Delivery"] = number;
        all.push_back({std::move(request), 400, {"X-GitHub-Delivery"}});
    }
    for (const char* body : {"", "[]", "7", "null", "{", "\"text\""}) {
        all.push_back({delivery_of(body), 400, {"the body"}});
    }
    for (const std::string& after :
         {std::string(), std::string(R"(, "after": "")"), std::string(R"(, "after": 7)"),
          fmt::format(R"(, "after": "{}")", std::string(101, 'c'))}) {
        all.push_back({delivery_of(push_with(after)), 400, {"\"after\""}});
    }
    // A time that is none is as good as none.
    for (const char* time : {R"("never")", "1.5", "null", "[]"}) {
        const std::string repository =
            fmt::format(R"({{"full_name": "acme/nobody", "pushed_at": {}}})", time);
        all.push_back(
            {delivery_of(R"({"ref": "refs/heads/main", "after": "c0ffee", "repository": )" +
                         repository + "}"),
             202});
    }
    // What is no push to a branch asks for nothing, whatever else it is.
    const auto ignored = [&](HttpRequest request) {
        Ask ask;
        ask.request = std::move(request);
        ask.body = R"({"machines":[]})";
        all.push_back(std::move(ask));
    };
    HttpRequest ping = right;
    ping.headers["X-GitHub-Event"] = "ping";
    ignored(std::move(ping));
    ignored(delivery_of(push_with(R"(, "after": "0000", "deleted": true)")));
    const std::string tail = R"(, "after": "c0ffee"})";
    ignored(delivery_of(R"({"ref": "refs/tags/v1", "repository": {})" + tail));
    ignored(delivery_of(R"({"ref": "refs/heads/main")" + tail));
    ignored(delivery_of(R"({"ref": "refs/heads/main", "repository": "acme/app")" + tail));
    ignored(delivery_of(R"({"ref": 7, "repository": {})" + tail));
    ignored(delivery_of("{}"));
    return all;
}

std::vector<Ask> large_bodies(const std::string& subject) {
    std::vector<Ask> all;
    const std::string target = "/v1/projects/" + subject + "/delegations";
    const std::string work = R"({"agent": "agent-1")";
    const auto post = [&](std::string body) {
        return request_to(Entrance::clients, "POST", target, std::move(body));
    };
    const auto nested = [&](std::size_t levels) {
        return work + R"(, "payload": )" + std::string(levels, '[') + std::string(levels, ']') +
               "}";
    };
    const auto many = [&](std::size_t parts) {
        // The object, the comma between its fields and the list itself are three.
        return work + R"(, "payload": )" + zeros(parts - 2) + "}";
    };
    // Nobody has such a project, and that is all that is wrong with these.
    all.push_back({post(nested(63)), 404, {subject}});
    all.push_back({post(many(100'000)), 404, {subject}});
    all.push_back({post(padded(work + "}", kMaxBody)), 404, {subject}});
    all.push_back({post(nested(64)), 400, {"the body"}});
    all.push_back({post(many(100'001)), 400, {"the body"}});
    const std::vector<std::string> sizes = {"1048577", "1048576"};
    all.push_back({post(padded(work + "}", kMaxBody + 1)), 413, sizes});
    const HttpRequest of_box =
        request_to(Entrance::boxes, "POST", "/v1/machines/a-1/status", padded("{}", kMaxBody + 1));
    all.push_back({of_box, 413, sizes});
    const std::string tag = R"({"ref": "refs/tags/v1", "commits": )";
    const auto pushed = [&](const std::string& commits) {
        return delivery_of(tag + commits + "}");
    };
    all.push_back({pushed(zeros(3'999'998)), 200});
    all.push_back({pushed(zeros(3'999'999)), 400, {"the body"}});
    all.push_back({delivery_of(padded(tag + "7}", 3 * kMaxBody)), 200});
    HttpRequest longest = delivery_of("{}");
    longest.body.resize(kMaxPush + 1, ' ');  // its length is looked at before its signature
    all.push_back({std::move(longest), 413, {"26214401", "26214400"}});
    return all;
}

}  // namespace scenarios
