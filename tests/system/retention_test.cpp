#include "system/rows/forgetting.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "system/api/requests.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/volume_changes.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/volumes.hpp"
#include "tests/support/play.hpp"
#include "tests/support/sim_fixture.hpp"

// What is forgotten, and what is not.
namespace lifecycle {
namespace {

using std::chrono::hours;

const Time kEarly{hours(1)};
const Time kLate{hours(100)};

class RetentionTest : public testing::Test {
  protected:
    RetentionTest() : store(at.open_store()) {}

    // Runs `body` in a transaction, and gives what it gives.
    template <class Body>
    auto in_tx(Body body) {
        auto wrapped = [&](Tx& tx) -> Result<decltype(body(tx))> { return body(tx); };
        return *store->transact_now(wrapped);
    }

    // Another machine of alpha, just asked for.
    Machine made(Tx& tx) {
        make_project(tx, "alpha", kEarly);
        Machine machine;
        machine.project = "alpha";
        machine.generation = next_generation(tx, "alpha");
        machine.id = machine_id("alpha", machine.generation);
        machine.provider = "fly";
        machine.created_at = kEarly;
        machine.updated_at = kEarly;
        insert_machine(tx, machine);
        enqueue_provision(tx, machine, kEarly);
        return machine;
    }

    // A machine of alpha that was archived early on, its events settled.
    std::string archived(Tx& tx) {
        const Machine machine = made(tx);
        static_cast<void>(retire_machine(tx, machine.id, kEarly));
        transition(tx, *find_machine(tx, machine.id), MachineState::archived, kEarly);
        tx.run("UPDATE outbox_event SET state = 'done' WHERE machine = ?", {machine.id});
        return machine.id;
    }

    std::int64_t rows(Tx& tx, const std::string& table) {
        return *tx.first("SELECT COUNT(*) FROM " + table, {},
                         [](const Row& row) { return row.integer(0); });
    }

    tests::SimFixture at;
    std::unique_ptr<Store> store;
};

TEST_F(RetentionTest, ForgetsAMachineThatIsOverWithAllThatIsAboutIt) {
    in_tx([&](Tx& tx) {
        const std::string old = archived(tx);
        replace_credential(tx, {old, "boot-0001", 1, "hash", false}, kEarly);
        record_seen(tx, old, kEarly);
        record_ask(tx, old, old, kEarly);
        record_gone(tx, old);
        const std::string newest = archived(tx);
        EXPECT_EQ(machines_over(tx, kEarly, 9).size(), 0U) << "not before its time";
        EXPECT_EQ(machines_over(tx, kLate, 9), std::vector<std::string>{old})
            << "the newest machine of a project is kept: the next is like it";
        forget_machine(tx, old);
        EXPECT_FALSE(find_machine(tx, old));
        for (const char* table : {"machine", "credential", "presence", "provider_resource"}) {
            EXPECT_EQ(rows(tx, table), table == std::string("machine") ? 1 : 0) << table;
        }
        EXPECT_EQ(history_of(tx, old, {}).size(), 0U);
        EXPECT_EQ(generation_of(tx, "alpha"), 2) << "generations never go back";
        return newest;
    });
}

TEST_F(RetentionTest, KeepsAMachineThatOwesAResourceOrHasAnEventToCome) {
    in_tx([&](Tx& tx) {
        const std::string owing = archived(tx);
        record_ask(tx, owing, owing, kEarly);
        const std::string busy = archived(tx);
        tx.run("UPDATE outbox_event SET state = 'pending' WHERE dedupe_key = ?",
               {"destroy:" + busy});
        archived(tx);
        EXPECT_EQ(machines_over(tx, kLate, 9).size(), 0U);
        record_gone(tx, owing);
        EXPECT_EQ(machines_over(tx, kLate, 9), std::vector<std::string>{owing});
        return true;
    });
}

TEST_F(RetentionTest, ForgetsOnlySettledEventsOfAKindAndNeverTheNewest) {
    in_tx([&](Tx& tx) {
        const Machine machine = made(tx);
        for (const char* key : {"a", "b", "c"}) enqueue_restart(tx, machine.id, key, kEarly);
        tx.run("UPDATE outbox_event SET state = 'done' WHERE kind = 'machine:restart'");
        EXPECT_EQ(forget_events(tx, "machine:restart", kEarly, 9), 0);
        EXPECT_EQ(forget_events(tx, "machine:restart", kLate, 1), 1);
        EXPECT_EQ(forget_events(tx, "machine:restart", kLate, 9), 1);
        EXPECT_EQ(forget_events(tx, "machine:provision", kLate, 9), 0) << "it is pending";
        return true;
    });
}

TEST_F(RetentionTest, NeverGivesANumberAgain) {
    in_tx([&](Tx& tx) {
        const std::string old = archived(tx);
        archived(tx);
        Delegation wanted;
        wanted.project = "alpha";
        wanted.agent = "agent-1";
        const Delegation first = insert_delegation(tx, wanted, "");
        EXPECT_EQ(first.id, "alpha.1");
        end_delegation(tx, first.id, DelegationState::processed, "", kEarly);
        EXPECT_EQ(forget_delegations(tx, kEarly, 9), 0);
        EXPECT_EQ(forget_delegations(tx, kLate, 9), 1);
        EXPECT_EQ(insert_delegation(tx, wanted, "").id, "alpha.2");
        const NewVolume like{"alpha", "fly", "ams", 1, ""};
        const VolumeRow gone = insert_volume(tx, like, "vivarium");
        give_up_volume(tx, gone, old, kEarly);
        transition(tx, *find_volume(tx, gone.name), VolumeState::gone);
        EXPECT_EQ(forget_volumes(tx, 9), 0) << "its destruction is not forgotten";
        tx.run("DELETE FROM outbox_event WHERE kind = 'volume:destroy'");
        EXPECT_EQ(forget_volumes(tx, 9), 1);
        EXPECT_NE(insert_volume(tx, like, "vivarium").name, gone.name);
        return true;
    });
}

TEST_F(RetentionTest, ForgetsBootsOfAMachineButNotWhereItsTokensAre) {
    in_tx([&](Tx& tx) {
        const std::string machine = made(tx).id;
        replace_credential(tx, {machine, "boot-0001", 1, "hash-1", false}, kEarly);
        replace_credential(tx, {machine, "boot-0002", 2, "hash-2", false}, kEarly);
        replace_credential(tx, {machine, "boot-0003", 3, "hash-3", false}, kEarly);
        supersede_credentials(tx, machine);
        EXPECT_EQ(forget_credentials(tx, kLate, 9), 2);
        EXPECT_EQ(newest_epoch(tx, machine), 3);
        return true;
    });
}

TEST_F(RetentionTest, ArmsASettledEventAgainWithoutAnotherRow) {
    in_tx([&](Tx& tx) {
        const NewEvent event{EventKind("test", EventKind::Lifetime::by_age),
                             "subject",
                             "key",
                             "dedupe",
                             "",
                             {"", Work::rows},
                             kEarly};
        EXPECT_TRUE(enqueue(tx, event, kEarly));
        rearm(tx, "dedupe", hours(1), kLate);
        const auto due = [&] {
            return *tx.first(
                "SELECT available_at FROM outbox_event WHERE state = 'pending' AND dedupe_key = ?",
                {"dedupe"}, [](const Row& row) { return row.integer(0); });
        };
        EXPECT_EQ(due(), count_of(kEarly)) << "it is pending already";
        tx.run("UPDATE outbox_event SET state = 'done'");
        rearm(tx, "dedupe", hours(1000), kLate);
        EXPECT_EQ(rows(tx, "outbox_event WHERE state = 'done'"), 1) << "that was just now";
        rearm(tx, "dedupe", hours(1), kLate);
        EXPECT_EQ(due(), count_of(kLate));
        EXPECT_EQ(rows(tx, "outbox_event"), 1);
        return true;
    });
}

TEST(Pages, AreReadFromTheQuery) {
    const auto page = parse_page("/v1/projects/a/machines?after=7&limit=20");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->after, 7);
    EXPECT_EQ(page->limit, 20);
    EXPECT_EQ(parse_page("/v1/projects/a/machines")->limit, 100);
    EXPECT_EQ(parse_page("/v1/projects/a/machines?")->after, 0);
    for (const char* bad : {"?limit=0", "?limit=1001", "?limit=", "?after=-1", "?after=x",
                            "?offset=3", "?after=99999999999999999999"}) {
        EXPECT_FALSE(parse_page(std::string("/v1/x") + bad)) << bad;
    }
}

scenarios::Script turn_pages(scenarios::Stage stage) {
    using nlohmann::json;
    for (int number = 0; number < 5; ++number) {
        const std::string machine = co_await stage.create("alpha");
        // Else the next request would wait for it.
        co_await stage.retire(machine);
    }
    std::string target = "/v1/projects/alpha/machines?limit=2";
    std::vector<std::string> seen;
    for (int page = 0; page < 3; ++page) {
        const auto answer = co_await stage.call("GET", target);
        const json body = json::parse(answer->body);
        for (const json& machine : body["machines"]) seen.push_back(machine["id"]);
        EXPECT_EQ(body.contains("next"), page < 2);
        target = "/v1/projects/alpha/machines?limit=2&after=" + body.value("next", "");
    }
    EXPECT_EQ(seen,
              (std::vector<std::string>{"alpha-1", "alpha-2", "alpha-3", "alpha-4", "alpha-5"}));
    const auto events = co_await stage.call("GET", "/v1/machines/alpha-1/events?limit=1");
    EXPECT_TRUE(json::parse(events->body).contains("next"));
    const auto refused = co_await stage.call("GET", "/v1/projects/alpha/delegations?limit=many");
    EXPECT_EQ(refused->status, 400);
}

TEST(Pages, FollowEachOtherWithoutAGap) {
    tests::Play play;
    ASSERT_TRUE(play.run(turn_pages));
}

}  // namespace
}  // namespace lifecycle
