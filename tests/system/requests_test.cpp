#include "system/api/requests.hpp"

#include <gtest/gtest.h>

#include "system/lifecycle/machine_changes.hpp"
#include "system/providers/docker.hpp"
#include "system/rows/github_bindings.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/projects.hpp"
#include "system/tasks/delegations.hpp"
#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

HttpRequest asking(const std::string& body, const std::string& key = {}) {
    HttpRequest request;
    request.body = body;
    if (!key.empty()) request.headers["Idempotency-Key"] = key;
    return request;
}

class Requests : public testing::Test {
  protected:
    Requests() : docker(at.http, at.clock, at.telemetry, at.process.executor(), {}) {
        providers.add("docker", docker);
    }

    MachineRequest wanted(const std::string& body, const std::string& key = {}) {
        return parse_create(asking(body, key), "alpha", providers, "docker").value();
    }
    // Runs within one transaction of a store of its own.
    void transact(const std::function<void(Tx&)>& steps) {
        const auto store = at.open_store();
        auto body = [&](Tx& tx) -> Result<int> {
            steps(tx);
            return 0;
        };
        ASSERT_TRUE(store->transact_now(body));
    }

    tests::SimFixture at;
    DockerProvider docker;
    Providers providers;
    MachineDefaults options;
    Time now{seconds(1'000)};
};

TEST_F(Requests, TheUsualProviderDecidesWhetherThereAreVolumes) {
    const std::string body = R"({"image": "x", "volume_gb": 3})";
    const auto refused = parse_create(asking(body), "alpha", providers, "docker");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::bad_request);
    EXPECT_NE(refused.error().message.find("docker has no volumes"), std::string::npos);
}

TEST_F(Requests, AKeyGoesWithOneRequest) {
    transact([&](Tx& tx) {
        const auto first =
            create_machine(tx, wanted(R"({"image": "x", "cpus": 2})", "k"), options, now);
        ASSERT_TRUE(first.has_value());
        const auto again =
            create_machine(tx, wanted(R"({"cpus":2,"image":"x"})", "k"), options, now);
        ASSERT_TRUE(again.has_value()) << "the same, written in another way";
        EXPECT_EQ(again->machine.id, first->machine.id);
        const auto other = create_machine(tx, wanted(R"({"image": "y"})", "k"), options, now);
        ASSERT_FALSE(other.has_value());
        EXPECT_EQ(other.error().code, ErrorCode::conflict);

        const auto work = [&](const std::string& body) {
            return delegate(tx, parse_delegation(asking(body, "w"), "alpha").value(),
                            {.max_open_delegations = 10}, now);
        };
        const auto one = work(R"({"agent": "a", "payload": 1})");
        ASSERT_TRUE(one.has_value());
        EXPECT_EQ(work(R"({"payload": 1, "agent": "a"})")->id, one->id);
        const auto two = work(R"({"agent": "a", "payload": 2})");
        ASSERT_FALSE(two.has_value());
        EXPECT_EQ(two.error().code, ErrorCode::conflict);
    });
}

TEST_F(Requests, AProjectHasOnlySoManyDelegationsThatHaveNotEnded) {
    transact([&](Tx& tx) {
        ASSERT_TRUE(create_machine(tx, wanted(R"({"image": "x"})"), options, now).has_value());
        const auto work = [&](const std::string& key) {
            const auto asked = parse_delegation(asking(R"({"agent": "a"})", key), "alpha");
            return delegate(tx, asked.value(), {.max_open_delegations = 2}, now);
        };
        const auto first = work("k1");
        ASSERT_TRUE(first.has_value());
        ASSERT_TRUE(work("k2").has_value());
        const auto third = work("k3");
        ASSERT_FALSE(third.has_value());
        EXPECT_EQ(third.error().code, ErrorCode::conflict);
        EXPECT_EQ(work("k1")->id, first->id) << "asked again, it is the same";
        ASSERT_TRUE(end_delegation(tx, first->id, DelegationState::failed, "no", now));
        EXPECT_FALSE(end_delegation(tx, first->id, DelegationState::processed, "yes", now))
            << "it has ended";
        EXPECT_EQ(find_delegation(tx, first->id)->state, DelegationState::failed);
        EXPECT_TRUE(work("k3").has_value());
    });
}

TEST_F(Requests, OneMachineStartsAndTheNewestRequestWaits) {
    transact([&](Tx& tx) {
        const auto ask = [&](const std::string& image, const std::string& key) {
            return create_machine(tx, wanted(R"({"image":")" + image + R"("})", key), options, now)
                .value();
        };
        const Requested first = ask("one", "k1");
        EXPECT_FALSE(first.queued);
        const Requested second = ask("two", "k2");
        EXPECT_TRUE(second.queued);
        EXPECT_EQ(second.machine.id, first.machine.id) << "the one that is on its way";
        const Requested third = ask("three", "k3");
        EXPECT_TRUE(third.queued);
        EXPECT_EQ(machines_of(tx, "alpha").size(), 1U);
        EXPECT_EQ(waiting_request(tx, "alpha")->spec.image, "three");
        EXPECT_TRUE(ask("two", "k2").queued);
        EXPECT_EQ(waiting_request(tx, "alpha")->spec.image, "three") << "asked again, it is as old";

        now += minutes(15);
        fail_machine(tx, first.machine.id, "no", now);
        EXPECT_FALSE(waiting_request(tx, "alpha").has_value());
        const Machine begun = starting_machine(tx, "alpha").value();
        EXPECT_EQ(begun.spec.image, "three");
        EXPECT_EQ(ask("three", "k3").machine.id, begun.id);
        EXPECT_EQ(ask("two", "k2").machine.id, begun.id) << "what took its place";
        EXPECT_EQ(ask("one", "k1").machine.id, first.machine.id);
        const auto deadline = tx.first(
            "SELECT available_at FROM outbox_event WHERE kind = 'machine:deadline'"
            " AND machine = ?",
            {begun.id}, [](const Row& row) { return row.integer(0); });
        EXPECT_EQ(deadline, count_of(now + options.become_active_within)) << "its own time";
    });
}

TEST_F(Requests, WhoRetiresAStartingMachineGivesTheNextItsTurn) {
    transact([&](Tx& tx) {
        const auto first = create_machine(tx, wanted(R"({"image": "x"})"), options, now).value();
        const auto second = create_machine(tx, wanted(R"({"image": "y"})"), options, now).value();
        EXPECT_TRUE(second.queued);
        ASSERT_TRUE(retire_machine(tx, first.machine.id, now).has_value());
        EXPECT_EQ(starting_machine(tx, "alpha")->spec.image, "y");
    });
}

TEST_F(Requests, AnArchivedProjectStaysSoUntilAPersonAsks) {
    transact([&](Tx& tx) {
        const auto first =
            create_machine(tx, wanted(R"({"image": "x"})", "a"), options, now).value();
        const auto second =
            create_machine(tx, wanted(R"({"image": "y"})", "b"), options, now).value();
        EXPECT_TRUE(second.queued);
        bind_repository(tx, "alpha", "acme/app", "main");
        ASSERT_TRUE(archive_project(tx, "alpha", now).has_value());
        EXPECT_FALSE(starting_machine(tx, "alpha").has_value());
        EXPECT_TRUE(projects_bound_to(tx, "acme/app", "main").empty());
        const auto waited = create_machine(tx, wanted(R"({"image": "y"})", "b"), options, now);
        ASSERT_FALSE(waited.has_value()) << "sent again, it is given up as it was";
        EXPECT_EQ(create_machine(tx, wanted(R"({"image": "x"})", "a"), options, now)->machine.id,
                  first.machine.id);
        EXPECT_FALSE(roll_machine(tx, "alpha", "github:1", options, now).has_value());
        EXPECT_FALSE(recreate_machine(tx, "alpha", "", "why not", options, now).has_value());
        EXPECT_TRUE(is_archived(tx, "alpha"));
        const auto back = create_machine(tx, wanted(R"({"image": "z"})", "c"), options, now);
        ASSERT_TRUE(back.has_value());
        EXPECT_FALSE(is_archived(tx, "alpha"));
        EXPECT_EQ(starting_machine(tx, "alpha")->id, back->machine.id);
    });
}

TEST_F(Requests, NoStrangerIsReplaced) {
    transact([&](Tx& tx) {
        const auto first =
            create_machine(tx, wanted(R"({"image": "x"})", "a"), options, now).value();
        for (const char* stranger : {"beta-1", "alpha-2", "alpha-01", "alpha-0", "alpha", "x"}) {
            const auto none = recreate_machine(tx, "alpha", stranger, "why not", options, now);
            ASSERT_FALSE(none.has_value()) << stranger;
            EXPECT_EQ(none.error().code, ErrorCode::not_found) << stranger;
        }
        const auto known = recreate_machine(tx, "alpha", first.machine.id, "why not", options, now);
        ASSERT_TRUE(known.has_value());
        EXPECT_TRUE(known->joined) << "it is on its way";
    });
}

}  // namespace
}  // namespace lifecycle
