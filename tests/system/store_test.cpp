#include "system/store/store.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "system/lifecycle/events.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/github_bindings.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/store/schema.hpp"
#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

Machine sample(const std::string& project) {
    Machine machine;
    machine.project = project;
    machine.generation = 1;
    machine.id = machine_id(project, 1);
    machine.provider = "fly";
    machine.spec = {"image:1", "ams", 2, 512};
    return machine;
}

void add(Tx& tx, const Machine& machine) {
    make_project(tx, machine.project, Time());
    next_generation(tx, machine.project);
    insert_machine(tx, machine);
}

bool exists(Store& store, const std::string& id) {
    auto read = [&](Tx& tx) -> Result<bool> { return find_machine(tx, id).has_value(); };
    return *store.transact_now(read);
}

TEST(Store, KeepsAllOfATransactionOrNothing) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto refused = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        return std::unexpected(Error(ErrorCode::conflict, "no", "never mind"));
    };
    EXPECT_FALSE(store->transact_now(refused).has_value());
    EXPECT_FALSE(exists(*store, "alpha-1"));
    auto thrown = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        throw std::runtime_error("a bug");
    };
    EXPECT_THROW(static_cast<void>(store->transact_now(thrown)), std::runtime_error);
    EXPECT_FALSE(exists(*store, "alpha-1"));
    auto kept = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        return 0;
    };
    EXPECT_TRUE(store->transact_now(kept).has_value());
    EXPECT_TRUE(exists(*store, "alpha-1"));
}

// A StoreFailure would end the process, which then does the same again.
TEST(Store, TakesABrokenRuleOfItsSchemaForABugAndGoesOn) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto twice = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        insert_machine(tx, sample("alpha"));
        return 0;
    };
    EXPECT_THROW(static_cast<void>(store->transact_now(twice)), std::logic_error);
    EXPECT_FALSE(exists(*store, "alpha-1"));
    auto of_nobody = [](Tx& tx) -> Result<int> {
        tx.run("INSERT INTO github_binding (project, repository, branch) VALUES ('a', 'b', 'c')");
        return 0;
    };
    EXPECT_THROW(static_cast<void>(store->transact_now(of_nobody)), std::logic_error);
    auto kept = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        return 0;
    };
    EXPECT_TRUE(store->transact_now(kept).has_value());
    EXPECT_TRUE(exists(*store, "alpha-1"));
}

boost::asio::awaitable<int> log_a_transaction(Store* store, std::string* log) {
    *log += "a";
    auto body = [log](Tx&) -> Result<int> {
        *log += "t";
        return 0;
    };
    const auto done = co_await store->transact(std::move(body));
    *log += "z";
    co_return *done;
}

// The order in which a coroutine's transaction and two other tasks ran.
std::string order_of(std::uint64_t seed) {
    tests::SimFixture at(std::make_unique<sim::SeededSource>(seed));
    at.tape.calm_faults();
    const auto store = at.open_store();
    std::string order;
    boost::asio::co_spawn(at.process.executor(), log_a_transaction(store.get(), &order),
                          [](std::exception_ptr, int) {});
    for (const char c : {'1', '2'}) at.process.post([&order, c] { order += c; });
    at.world.run_until(std::chrono::seconds(1));
    return order;
}

TEST(Store, LetsOthersRunBeforeAndAfterATransaction) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 200; ++seed) orders.insert(order_of(seed));
    EXPECT_TRUE(orders.contains("a1t2z"));
    EXPECT_TRUE(orders.contains("atz12"));
    EXPECT_TRUE(orders.contains("12atz"));
    for (const std::string& order : orders) {
        EXPECT_LT(order.find('a'), order.find('t')) << order;
        EXPECT_LT(order.find('t'), order.find('z')) << order;
    }
}

TEST(Store, ReadsBackWhatItWrote) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto write = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        return 0;
    };
    ASSERT_TRUE(store->transact_now(write));
    auto read = [](Tx& tx) -> Result<Machine> { return *find_machine(tx, "alpha-1"); };
    const Machine machine = *store->transact_now(read);
    EXPECT_EQ(machine.project, "alpha");
    EXPECT_EQ(machine.spec.image, "image:1");
    EXPECT_EQ(machine.spec.memory_mb, 512);
    EXPECT_EQ(machine.state, MachineState::starting);
    EXPECT_EQ(machine.daemon_status, DaemonStatus::silent);
}

TEST(Store, ChangesNothingInAMachineThatHasMovedOn) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto body = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        const Machine before = *find_machine(tx, "alpha-1");
        EXPECT_TRUE(transition(tx, before, MachineState::active, Time()));
        EXPECT_FALSE(transition(tx, before, MachineState::failed, Time())) << "it is not starting";
        EXPECT_FALSE(set_external_id(tx, "alpha-1", "x", "host", Time())) << "it is not starting";
        EXPECT_THROW(transition(tx, *find_machine(tx, "alpha-1"), MachineState::starting, Time()),
                     std::logic_error);
        EXPECT_EQ(find_machine(tx, "alpha-1")->state, MachineState::active);
        return 0;
    };
    ASSERT_TRUE(store->transact_now(body));
}

TEST(Store, RecordsAnExternalIdOnce) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto body = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        EXPECT_TRUE(set_external_id(tx, "alpha-1", "one", "host", Time()));
        EXPECT_FALSE(set_external_id(tx, "alpha-1", "two", "host", Time()));
        EXPECT_EQ(find_machine(tx, "alpha-1")->external_id, "one");
        return 0;
    };
    ASSERT_TRUE(store->transact_now(body));
}

TEST(Store, OpensAgainWithWhatItHad) {
    tests::SimFixture at;
    auto store = at.open_store();
    auto write = [](Tx& tx) -> Result<int> {
        add(tx, sample("alpha"));
        return 0;
    };
    ASSERT_TRUE(store->transact_now(write));
    store.reset();
    EXPECT_TRUE(exists(*at.open_store(), "alpha-1"));
}

TEST(Store, RefusesADatabaseOfANewerVersion) {
    tests::SimFixture at;
    at.open_store().reset();
    {
        Database database("test.db", at.process.disk().vfs_name());
        database.run("INSERT INTO schema_version (version) VALUES (999)");
    }
    const auto store = Store::open({"test.db", at.process.disk().vfs_name(), nullptr, nullptr},
                                   at.process.executor());
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().code, ErrorCode::store_unusable);
    EXPECT_NE(store.error().message.find("999"), std::string::npos) << store.error().message;
}

// Opens the file in that many threads at once; what went wrong, by whoever met it.
std::vector<std::string> open_together(const std::string& path, int count) {
    std::vector<std::string> failures(static_cast<std::size_t>(count));
    std::barrier start(count);
    std::vector<std::jthread> threads;
    for (std::string& failure : failures) {
        threads.emplace_back([&] {
            boost::asio::io_context context;
            start.arrive_and_wait();
            try {
                const auto store =
                    Store::open({path, "", nullptr, nullptr}, context.get_executor());
                if (!store) failure = store.error().message;
            } catch (const StoreFailure& thrown) {
                failure = thrown.what();
            }
        });
    }
    threads.clear();
    return failures;
}

TEST(Store, IsUpgradedByOneOfSeveralThatOpenItAtOnce) {
    const std::string path = testing::TempDir() + "upgraded-together.db";
    for (int round = 0; round < 10; ++round) {
        for (const char* more : {"", "-wal", "-shm"}) std::filesystem::remove(path + more);
        for (const std::string& failure : open_together(path, 4)) {
            ASSERT_EQ(failure, "") << "in round " << round;
        }
    }
}

// A database of the version before projects had a mark that says they were given up. Projects were
// given up all the same, and "gone" was: nothing but that ended a route then.
void fill_version_six(Database& database) {
    for (const char* project : {"gone", "back", "kept"}) {
        database.run("INSERT INTO project (id, generation, created_at) VALUES (?, ?, 5)",
                     {project, std::int64_t{project == std::string_view("back") ? 2 : 1}});
        database.run("INSERT INTO github_binding (project, repository, branch) VALUES (?, ?, ?)",
                     {project, "acme/app", "main"});
        database.run(
            "INSERT INTO delegation (id, project, idempotency_key, agent, payload, state, deadline,"
            " created_at, updated_at) VALUES (? || '.1', ?, 'k', 'a', 'null', 'delivered', 9, 5, "
            "5)",
            {project, project});
        database.run(
            "INSERT INTO project_error (project, subject, about, what, opened_at)"
            " VALUES (?, 'machine', '', 'what went wrong', 5)",
            {project});
    }
    const auto machine = [&](std::string_view id, std::string_view project, std::int64_t generation,
                             std::string_view state) {
        database.run(
            "INSERT INTO machine (id, project, generation, provider, state, image, region, cpus,"
            " memory_mb, daemon_status, idempotency_key, created_at, updated_at)"
            " VALUES (?, ?, ?, 'fly', ?, 'image', 'ams', 1, 256, 'silent', ?, 5, 7)",
            {id, project, generation, state, id});
    };
    machine("gone-1", "gone", 1, "archived");
    machine("back-1", "back", 1, "archived");
    machine("back-2", "back", 2, "failed");
    machine("kept-1", "kept", 1, "archived");
    for (const char* id : {"gone-1", "back-1"}) {
        database.run(
            "INSERT INTO outbox_event (kind, ordering_key, dedupe_key, machine, state,"
            " available_at, created_at) VALUES ('project:route-end', 'route',"
            " 'project:route-end:' || ?, ?, 'done', 6, 6)",
            {id, id});
    }
}

TEST(Store, KnowsWhichProjectsWereGivenUpBeforeThatWasMarked) {
    tests::SimFixture at;
    {
        Database database("test.db", at.process.disk().vfs_name());
        ASSERT_TRUE(migrate(database, "test.db", 6));
        fill_version_six(database);
    }
    const auto store = at.open_store();
    auto look = [](Tx& tx) -> Result<int> {
        EXPECT_TRUE(is_archived(tx, "gone"));
        EXPECT_FALSE(is_archived(tx, "back")) << "somebody has asked for a machine since";
        EXPECT_FALSE(is_archived(tx, "kept")) << "its machine was retired, and that is all";
        EXPECT_EQ(projects_bound_to(tx, "acme/app", "main"),
                  (std::vector<std::string>{"back", "kept"}));
        EXPECT_EQ(find_delegation(tx, "gone.1")->state, DelegationState::failed);
        EXPECT_EQ(find_delegation(tx, "gone.1")->result, "the project was archived");
        EXPECT_EQ(find_delegation(tx, "kept.1")->state, DelegationState::delivered);
        EXPECT_TRUE(open_errors_of(tx, "gone").empty());
        EXPECT_FALSE(open_errors_of(tx, "kept").empty());
        return 0;
    };
    ASSERT_TRUE(store->transact_now(look));
}

TEST(Store, MovesWhatWaitsForABoxOrAProviderToALaneOfItsOwn) {
    tests::SimFixture at;
    {
        Database database("test.db", at.process.disk().vfs_name());
        ASSERT_TRUE(migrate(database, "test.db", 15));
        fill_version_six(database);
        const auto event = [&](std::string_view kind, std::string_view key, std::string_view lane) {
            database.run(
                "INSERT INTO outbox_event (kind, ordering_key, dedupe_key, machine, lane, state,"
                " available_at, created_at) VALUES (?, ?, ?, 'kept-1', ?, 'pending', 6, 6)",
                {kind, key, kind, lane});
        };
        event("delegation:deliver", "delegation:kept.1", "fly/box");
        event("machine:readiness", "machine:kept-1", "fly/box");
        event("project:route", "route:kept", "/route");
    }
    const auto store = at.open_store();
    auto look = [](Tx& tx) -> Result<std::vector<std::string>> {
        return tx.all(
            "SELECT lane || ' ' || share FROM outbox_event WHERE state = 'pending' ORDER BY id", {},
            [](const Row& row) { return row.text(0); });
    };
    EXPECT_EQ(*store->transact_now(look),
              (std::vector<std::string>{"fly/hand kept", "fly/box ", "fly/route "}));
}

TEST(Store, FindsWhatAnEventIsAboutInItsOrderingKeyOfBefore) {
    tests::SimFixture at;
    {
        Database database("test.db", at.process.disk().vfs_name());
        ASSERT_TRUE(migrate(database, "test.db", 16));
        for (const auto& [kind, key] : std::initializer_list<std::pair<const char*, const char*>>{
                 {"delegation:deliver", "delegation:kept.1"},
                 {"volume:destroy", "volume:v1"},
                 {"volume:release", "release:v2"},
                 {"volume:snapshot", "snapshot:v3"},
                 {"machine:provision", "machine:kept-1"},
                 {"project:route", "route:kept"}}) {
            database.run(
                "INSERT INTO outbox_event (kind, ordering_key, dedupe_key, machine, state,"
                " available_at, created_at) VALUES (?, ?, ?, 'kept-1', 'pending', 6, 6)",
                {kind, key, kind});
        }
    }
    const auto store = at.open_store();
    auto look = [](Tx& tx) -> Result<std::vector<std::string>> {
        return tx.all("SELECT subject FROM outbox_event ORDER BY id", {},
                      [](const Row& row) { return row.text(0); });
    };
    EXPECT_EQ(*store->transact_now(look),
              (std::vector<std::string>{"kept.1", "v1", "v2", "v3", "kept-1", "kept-1"}));
}

TEST(Store, IsAsNewAsItsProgramBeforeItIsAskedForAnything) {
    // A program that is newer than the schema once failed every insertion of an event.
    std::string newest;
    for (std::int64_t version = 40; version > 0; --version) {
        tests::SimFixture at;
        {
            Database database("test.db", at.process.disk().vfs_name());
            ASSERT_TRUE(migrate(database, "test.db", version));
        }
        const auto store = at.open_store();
        auto use = [](Tx& tx) -> Result<std::string> {
            add(tx, sample("alpha"));
            enqueue_provision(tx, sample("alpha"), Time());
            const auto columns = tx.all("SELECT sql FROM sqlite_schema ORDER BY type, name", {},
                                        [](const Row& row) { return row.text(0); });
            std::string schema;
            for (const std::string& one : columns) schema += one + "\n";
            return schema;
        };
        const auto schema = store->transact_now(use);
        ASSERT_TRUE(schema.has_value()) << "version " << version;
        if (newest.empty()) newest = *schema;
        EXPECT_EQ(*schema, newest) << "version " << version;
        EXPECT_TRUE(exists(*store, "alpha-1"));
    }
}

TEST(Store, DependsOnNoOrderThatSqliteDoesNotPromise) {
    // The same reads with SQLite's order of unordered rows reversed.
    tests::SimFixture at;
    const auto store = at.open_store();
    auto body = [](Tx& tx) -> Result<int> {
        Machine machine = sample("alpha");
        make_project(tx, "alpha", Time());
        for (int generation = 1; generation <= 5; ++generation) {
            machine.generation = next_generation(tx, "alpha");
            machine.id = machine_id("alpha", machine.generation);
            insert_machine(tx, machine);
        }
        const auto forwards = machines_of(tx, "alpha");
        tx.run("PRAGMA reverse_unordered_selects = ON");
        const auto backwards = machines_of(tx, "alpha");
        EXPECT_EQ(forwards.front().id, "alpha-1");
        EXPECT_EQ(backwards.front().id, "alpha-1");
        return 0;
    };
    ASSERT_TRUE(store->transact_now(body));
}

TEST(Installation, IsBornOnceAndKeepsItsIdentity) {
    tests::SimFixture at;
    const auto store = at.open_store();
    std::string name = "first";
    std::string chance = installation_id(1, Time());
    auto claim = [&](Tx& tx) -> Result<Installation> {
        return claim_installation(tx, chance, name, Time());
    };
    EXPECT_EQ(store->transact_now(claim)->id, chance);
    const std::string id = std::exchange(chance, installation_id(2, Time()));
    EXPECT_NE(id, chance);
    name = "second";
    EXPECT_EQ(store->transact_now(claim)->id, id);
    EXPECT_EQ(store->transact_now(claim)->name, "second");
}

TEST(Installation, OlderMachinesBearItsName) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto live = [](Tx& tx) -> Result<std::vector<std::string>> {
        add(tx, sample("alpha"));
        record_ask(tx, "alpha-1", "alpha-1", Time());
        claim_installation(tx, "identity", "name", Time());
        Machine younger = sample("beta");
        younger.installation = installation_of(tx).id;
        add(tx, younger);
        return all_installations(tx);
    };
    const auto all = store->transact_now(live);
    EXPECT_EQ(*all, (std::vector<std::string>{"identity", "name"}));
    auto end = [](Tx& tx) -> Result<std::vector<std::string>> {
        EXPECT_EQ(find_machine(tx, "alpha-1")->installation, "name");
        EXPECT_EQ(find_machine(tx, "beta-1")->installation, "identity");
        record_gone(tx, "alpha-1");
        return all_installations(tx);
    };
    EXPECT_EQ(*store->transact_now(end), std::vector<std::string>{"identity"});
}

}  // namespace
}  // namespace lifecycle
