#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/lifecycled.hpp"

// While a provider does not answer, whoever asks learns that, and when it does again.
namespace e2e {
namespace {

using nlohmann::json;

class OutageTest : public LifecycledTest {
  protected:
    json fly() const {
        const auto answer = ask("GET", "/v1/health");
        if (!answer || answer->status != 200) return json::object();
        return json::parse(answer->body)["providers"]["fly"];
    }
    std::string waits_for(const std::string& machine) const {
        const auto answer = ask("GET", "/v1/machines/" + machine);
        return answer ? json::parse(answer->body)["machine"].value("waits_for", "nothing said")
                      : "";
    }
    bool told(const std::string& metric) const {
        const auto answer = ask("GET", "/v1/metrics");
        return answer && answer->body.contains("\nlifecycled_" + metric);
    }
    bool measured(const std::string& line) const {
        return told("provider_out_of_reach_seconds" + line);
    }
};

TEST_F(OutageTest, IsSaidForAsLongAsItLasts) {
    start_server();
    const std::string served = create();
    ASSERT_TRUE(becomes(served, "active"));
    EXPECT_EQ(fly()["in_reach"], true) << fly();
    EXPECT_GT(fly()["answered_at_ms"], 0) << fly();
    EXPECT_TRUE(measured("{provider=\"fly\"} 0\n"));
    EXPECT_TRUE(told(R"(provider_error_total{class="busy",provider="fly"} )"))
        << "it was asked to start before it was there";

    ASSERT_TRUE(request(cloud_control, "POST", "/close"));
    const std::string wanted = create("beta");
    ASSERT_TRUE(eventually([&] { return fly().value("in_reach", true) == false; }));
    EXPECT_EQ(fly()["why"], "connection refused");
    EXPECT_GT(fly()["since_ms"], fly()["answered_at_ms"]);
    EXPECT_TRUE(waits_for(wanted).starts_with("provider fly, ")) << waits_for(wanted);
    EXPECT_EQ(waits_for(served), "");
    EXPECT_EQ(status("GET", "/v1/projects/alpha/proxy/"), 200) << "its machine serves";
    EXPECT_TRUE(eventually([&] { return !measured("{provider=\"fly\"} 0\n"); }));
    ASSERT_EQ(status("POST", "/v1/machines/" + served + "/retire"), 202);
    EXPECT_TRUE(waits_for(served).starts_with("provider fly, ")) << waits_for(served);

    ASSERT_TRUE(request(cloud_control, "POST", "/open"));
    ASSERT_TRUE(becomes(wanted, "active"));
    EXPECT_EQ(fly()["in_reach"], true) << fly();
    EXPECT_EQ(fly()["why"], "");
    EXPECT_EQ(waits_for(served), "");
}

}  // namespace
}  // namespace e2e
