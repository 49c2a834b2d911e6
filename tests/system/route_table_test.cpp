#include "system/routing/route_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fakes/consul/consul.hpp"

// The dialect of Consul's key-value store, as the fake speaks it.
namespace fakes {
namespace {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;

HttpResponse call(Consul& consul, std::string method, std::string target, std::string body = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    return consul.handle(request);
}

TEST(Consul, ReplacesOnlyTheVersionThatWasSeen) {
    Consul consul;
    EXPECT_EQ(call(consul, "GET", "/v1/kv/a/b").status, 404);
    EXPECT_EQ(call(consul, "PUT", "/v1/kv/a/b?cas=0", "one").body, "true\n");
    EXPECT_EQ(call(consul, "PUT", "/v1/kv/a/b?cas=0", "late").body, "false\n");
    const std::int64_t seen = consul.entries().at("a/b").modify_index;
    EXPECT_EQ(call(consul, "PUT", "/v1/kv/a/b?cas=" + std::to_string(seen), "two").body, "true\n");
    EXPECT_EQ(call(consul, "PUT", "/v1/kv/a/b?cas=" + std::to_string(seen), "late").body,
              "false\n");
    EXPECT_EQ(consul.entries().at("a/b").value, "two");
    const HttpResponse got = call(consul, "GET", "/v1/kv/a/b");
    EXPECT_NE(got.body.find("\"Value\":\"dHdv\""), std::string::npos) << got.body;
}

TEST(Consul, SaysWhatItDoesNotUnderstand) {
    Consul consul;
    EXPECT_EQ(call(consul, "GET", "/v1/agent/self").status, 404);
    EXPECT_EQ(call(consul, "PUT", "/v1/kv/a?cas=x", "1").status, 400);
    EXPECT_EQ(call(consul, "DELETE", "/v1/kv/a").status, 405);
    EXPECT_EQ(call(consul, "GET", "/v1/kv/").status, 400);
}

}  // namespace
}  // namespace fakes
