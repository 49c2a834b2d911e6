#include "system/server/guard.hpp"

#include <gtest/gtest.h>

namespace lifecycle::server {
namespace {

HttpRequest with(const char* host, const char* origin = nullptr) {
    HttpRequest request;
    request.headers["Host"] = host;
    if (origin != nullptr) request.headers["Origin"] = origin;
    return request;
}

TEST(Guard, TakesTheHostOutOfAnAuthority) {
    EXPECT_EQ(host_in("LocalHost:80"), "localhost");
    EXPECT_EQ(host_in("localhost"), "localhost");
    EXPECT_EQ(host_in("[::1]:80"), "::1");
    EXPECT_EQ(host_in("[::1]"), "::1");
    EXPECT_EQ(host_in(""), "");
    EXPECT_EQ(host_in(":80"), "");
}

TEST(Guard, NamesAreCheckedWhereNoTokenIsSure) {
    const Guard loopback(true, {});
    EXPECT_FALSE(loopback.refuses(with("localhost:80")));
    EXPECT_FALSE(loopback.refuses(with("10.0.0.1")));
    EXPECT_EQ(loopback.refuses(with("evil.example"))->code, ErrorCode::misdirected);
    EXPECT_TRUE(loopback.refuses(with("localhost.evil.example")));
    EXPECT_TRUE(loopback.refuses(with("")));
    EXPECT_TRUE(loopback.refuses(HttpRequest{}));
    const Guard open(false, {});
    EXPECT_FALSE(open.refuses(with("any.example")));
    const Guard named(false, {"One.Example"});
    EXPECT_FALSE(named.refuses(with("one.example:8700")));
    EXPECT_TRUE(named.refuses(with("two.example")));
}

TEST(Guard, PagesOfOtherSitesAreRefused) {
    const Guard guard(true, {"one.example"});
    EXPECT_FALSE(guard.refuses(with("localhost:80", "http://localhost:80")));
    EXPECT_FALSE(guard.refuses(with("localhost:80", "https://one.example")));
    EXPECT_EQ(guard.refuses(with("localhost:80", "http://localhost:81"))->code,
              ErrorCode::forbidden);
    EXPECT_FALSE(guard.refuses(with("one.example:8700", "http://one.example:8700")));
    EXPECT_FALSE(guard.refuses(with("localhost:8700", "http://one.example:8700")));
    EXPECT_FALSE(guard.refuses(with("one.example", "https://one.example")));
    // Another program at a host of that name.
    EXPECT_TRUE(guard.refuses(with("one.example:8700", "http://one.example:3000")));
    EXPECT_TRUE(guard.refuses(with("one.example:8700", "http://one.example")));
    EXPECT_TRUE(guard.refuses(with("localhost:8700", "http://one.example:3000")));
    EXPECT_TRUE(guard.refuses(with("localhost:80", "null")));
    EXPECT_TRUE(guard.refuses(with("localhost:80", "https://evil.example")));
}

}  // namespace
}  // namespace lifecycle::server
