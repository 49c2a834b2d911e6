#include "scenarios/client/requests.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "system/api/api.hpp"
#include "system/ports/http.hpp"

namespace scenarios {
namespace {

using lifecycle::Api;
using lifecycle::Audience;

Caller caller_of(Audience audience) {
    switch (audience) {
        case Audience::client: return Caller::client;
        case Audience::box: return Caller::box;
        case Audience::webhook: return Caller::webhook;
        case Audience::balancer:
        case Audience::stranger: break;
    }
    return Caller::anybody;
}

bool at_boxes(Audience audience) {
    return audience == Audience::box || audience == Audience::stranger;
}

std::string named(bool boxes, std::string_view method, std::string_view pattern, Caller caller) {
    return fmt::format("{} {} {} for {}", boxes ? "boxes:" : "clients:", method, pattern,
                       static_cast<int>(caller));
}

TEST(DescribedRequests, AreDescribedOfEveryRoute) {
    std::multiset<std::string> there;
    for (const Api::ListedRoute& route : Api::listed_routes()) {
        there.insert(named(at_boxes(route.audience), route.method, route.pattern,
                           caller_of(route.audience)));
    }
    std::multiset<std::string> described;
    for (const DescribedRoute& route : described_routes()) {
        described.insert(
            named(route.entrance == Entrance::boxes, route.method, route.pattern, route.caller));
    }
    EXPECT_EQ(described, there);
}

TEST(DescribedRequests, OfEveryRouteSomeAreRefused) {
    for (const DescribedRoute& route : described_routes()) {
        EXPECT_FALSE(refusals_of(route, "alpha-1").empty()) << route.method << route.pattern;
        EXPECT_TRUE(std::ranges::any_of(route.answers, [](int status) { return status != 0; }))
            << route.method << route.pattern;
    }
}

TEST(DescribedRequests, AnAnswerIsHeldToAllThatIsSaidOfIt) {
    Ask ask;
    ask.status = 405;
    ask.says = {"PUT"};
    ask.allow = "GET";
    lifecycle::HttpResponse answer;
    answer.status = 405;
    answer.headers = {{"Content-Type", "application/json"}, {"Allow", "GET"}};
    const std::string error =
        R"({"error": {"code": "method_not_allowed", "message": "not PUT", "action": "use GET"}})";
    answer.body = error;
    EXPECT_FALSE(wrong_about(ask, answer));
    const auto otherwise = [&](auto change) {
        lifecycle::HttpResponse other = answer;
        change(other);
        return wrong_about(ask, other).has_value();
    };
    EXPECT_TRUE(otherwise([](auto& other) { other.status = 404; }));
    EXPECT_TRUE(otherwise([](auto& other) { other.headers.erase("Allow"); }));
    EXPECT_TRUE(otherwise([](auto& other) { other.headers["Retry-After"] = "5"; }));
    EXPECT_TRUE(otherwise([](auto& other) { other.headers["WWW-Authenticate"] = "Bearer"; }));
    EXPECT_TRUE(otherwise([](auto& other) { other.headers.erase("Content-Type"); }));
    EXPECT_TRUE(otherwise([](auto& other) { other.body.clear(); }));
    for (const char* part : {"method_not_allowed", "not PUT", "use GET"}) {
        EXPECT_TRUE(otherwise([&](auto& other) {
            other.body.replace(error.find(part), std::string_view(part).size(), "");
        })) << part;
    }
}

}  // namespace
}  // namespace scenarios
