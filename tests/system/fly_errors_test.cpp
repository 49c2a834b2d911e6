#include <gtest/gtest.h>

#include <string>

#include "system/providers/fly.hpp"
#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

struct Row {
    int status;
    const char* body;
    ProviderErrorClass expected;
};

using enum ProviderErrorClass;

// Every text and status of the Machines API that a create, get, start, stop, destroy, wait or list
// is known to answer.
const Row kRows[] = {
    {400, R"({"error":"invalid_argument: config.image is required"})", permanent},
    {401, R"({"error":"unauthorized"})", permanent},
    {403, R"({"error":"forbidden"})", permanent},
    {403, R"({"error":"your organization is over the allowed quota"})", capacity_region},
    {404, R"({"error":"machine not found"})", gone},
    {404, R"({"error":"not_found: machine not found"})", gone},
    {408,
     R"({"error":"deadline_exceeded: machine failed to reach desired state, started, currently created"})",
     not_yet},
    {408, R"({"error":"deadline_exceeded: machine still starting"})", not_yet},
    {408, R"({"error":"deadline_exceeded"})", ambiguous},
    {409,
     R"({"error":"already_exists: unique machine name violation, machine ID 1857156b526dd8 already exists with name \"alpha-1\""})",
     conflict},
    {422,
     R"({"error":"already_exists: unique machine name violation, machine ID 1857156b526dd8 already exists with name \"alpha-1\""})",
     conflict},
    {409,
     R"({"error":"machine ID 1857156b526dd8 lease currently held by x, expires at 2026-01-01T00:00:00Z"})",
     busy},
    {409, R"({"error":"aborted: machine update failed due to concurrent update"})", busy},
    {409, R"({"error":"conflict: machine is already being updated"})", busy},
    {409,
     R"({"error":"aborted: could not reserve resource for machine: insufficient memory available to fulfill request"})",
     capacity_host},
    {409, R"({"error":"aborted: insufficient resources available"})", capacity_host},
    {409, R"({"error":"aborted: insufficient IPs available to fulfill request"})", capacity_host},
    {409, R"({"error":"aborted: no capacity"})", capacity_region},
    {412,
     R"({"error":"insufficient resources to create new machine with existing volume 'vol_x'"})",
     capacity_volume},
    {412, R"({"error":"no room beside volume id 'x'","status":"volume_placement_capacity"})",
     capacity_volume},
    {412,
     R"({"error":"failed_precondition: unable to start machine from current state: 'created'"})",
     busy},
    {412, R"({"error":"failed_precondition: machine still active, refusing to start"})", busy},
    {412, R"({"error":"failed_precondition: unable to destroy machine, not currently stopped"})",
     busy},
    {412, R"({"error":"failed_precondition: volume is currently bound to machine: x"})", busy},
    {412, R"({"error":"volume already claimed by machine 1857156b526dd8"})", busy},
    {412, R"({"error":"failed_precondition: snapshot is already scheduled at 12:00"})", busy},
    {409,
     R"({"error":"aborted: could not reserve resource for machine: insufficient CPUs available to fulfill request on the current host"})",
     capacity_host},
    {409, R"({"error":"aborted: version mismatch"})", busy},
    {400, R"({"error":"volume not found"})", volume_gone},
    {404, R"({"error":"not_found: volume not found"})", gone},
    {404, R"({"error":"not_found: app not found"})", gone},
    {409, R"({"status":"error","message":"lease currently held by somebody"})", busy},
    {500, R"({"error":"could not find a candidate host","status":"insufficient_capacity"})",
     capacity_region},
    {412, R"({"error":"min_secrets_version 4 is not yet available"})", busy},
    {422, R"({"error":"could not find a candidate host","status":"insufficient_capacity"})",
     capacity_region},
    {422, R"({"error":"Validation failed: Name has already been taken","status":"name_taken"})",
     permanent},
    {422, R"({"error":"account machine limit"})", permanent},
    {429, R"({"error":"rate limit exceeded"})", throttled},
    {500, R"({"error":"internal"})", ambiguous},
    {500, R"({"error":"aborted: no capacity"})", ambiguous},
    {503, "<html>not JSON at all</html>", ambiguous},
    {409, R"({"error":"something that nobody has seen before"})", unknown},
    {412, "", unknown},
    {418, R"([1,2,3])", unknown},
};

TEST(FlyErrors, MeanWhatTheTableSays) {
    for (const Row& row : kRows) {
        const ProviderError error = classify_fly_error(row.status, row.body);
        EXPECT_EQ(to_string(error.error_class), to_string(row.expected))
            << row.status << " " << row.body;
        EXPECT_EQ(error.detail, row.body) << "what the provider said is kept whole";
    }
}

TEST(FlyErrors, NameTheMachineThatHoldsTheName) {
    const auto id_in = [](const std::string& text) {
        return classify_fly_error(409, R"({"error":")" + text + R"("})").conflicting_id;
    };
    const std::string before = "already_exists: unique machine name violation, ";
    EXPECT_EQ(id_in(before + "machine ID 1857156b526dd8 already exists with name x"),
              "1857156b526dd8");
    EXPECT_EQ(id_in(before + "machine ID  already exists with name x"), "");
    EXPECT_EQ(id_in(before + "machine ID a b already exists with name x"), "");
    EXPECT_EQ(id_in(before + "in other words"), "");
}

TEST(FlyStates, AreKnownByTheirWords) {
    EXPECT_EQ(parse_fly_state("created"), ResourceState::preparing);
    EXPECT_EQ(parse_fly_state("started"), ResourceState::started);
    EXPECT_EQ(parse_fly_state("suspended"), ResourceState::stopped);
    EXPECT_EQ(parse_fly_state("launch_failed"), ResourceState::failed);
    EXPECT_EQ(parse_fly_state("replaced"), ResourceState::destroyed);
    EXPECT_EQ(parse_fly_state("a word from the future"), ResourceState::unknown);
}

TEST(Url, EncodesAllButTheUnreserved) {
    EXPECT_EQ(url_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(url_encode("a b/c?d=\xc3\xa4"), "a%20b%2Fc%3Fd%3D%C3%A4");
}

TEST(Url, PutsIpv6AddressesInBrackets) {
    EXPECT_EQ(authority_of("10.0.0.1", 80), "10.0.0.1:80");
    EXPECT_EQ(authority_of("fdaa::3", 8080), "[fdaa::3]:8080");
}

TEST(Url, ReadsRetryAfterInSecondsOnly) {
    EXPECT_EQ(parse_retry_after("7"), std::chrono::seconds(7));
    EXPECT_EQ(parse_retry_after("999999"), std::chrono::hours(1));
    EXPECT_EQ(parse_retry_after("-4"), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::chrono::seconds(0));
    EXPECT_EQ(parse_retry_after(""), std::chrono::seconds(0));
}

}  // namespace
}  // namespace lifecycle
