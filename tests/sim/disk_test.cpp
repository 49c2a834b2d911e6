#include "sim/disk/disk.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>

#include "sim/disk/database.hpp"
#include "sim/world/seeded_source.hpp"
#include "sim/world/world.hpp"
#include "system/store/database.hpp"

namespace sim {
namespace {

using lifecycle::Database;
using lifecycle::StoreFailure;

struct Fixture {
    explicit Fixture(std::unique_ptr<Source> source)
        : tape(std::move(source)), world(tape, trace), process(world.add_process("p", "p")) {
        process.boot();
        process.disk();
    }
    std::unique_ptr<Database> open(const char* synchronous) {
        auto database = std::make_unique<Database>("test.db", process.disk().vfs_name());
        database->script("PRAGMA journal_mode = WAL");
        database->script((std::string("PRAGMA synchronous = ") + synchronous).c_str());
        database->script("CREATE TABLE IF NOT EXISTS t (n BIGINT NOT NULL, filler TEXT NOT NULL)");
        return database;
    }
    void crash(std::unique_ptr<Database>& database) {
        process.crash("power cut");
        database.reset();
        process.boot();
    }
    Tape tape;
    Trace trace;
    World world;
    Process& process;
};

std::int64_t count(Database& database) {
    std::int64_t rows = 0;
    database.query("SELECT COUNT(*) FROM t", {}, [&](const lifecycle::Row& row) {
        rows = row.integer(0);
        return false;
    });
    return rows;
}

bool is_sound(Database& database) {
    return database.table("PRAGMA integrity_check") == "integrity_check\nok\n";
}

void insert(Database& database, std::int64_t n) {
    const std::string filler(static_cast<std::size_t>(100 + (n + 1000) % 7 * 900), 'x');
    database.run("INSERT INTO t (n, filler) VALUES (?, ?)", {n, filler});
}

// Loses or tears whatever a crash may lose.
class Vandal final : public Source {
  public:
    std::uint64_t open(std::string_view lane, const LaneKind&) override {
        return lane.ends_with(" lost") ? 1 : 0;
    }
    std::uint64_t choose(std::uint64_t handle, std::uint64_t, std::uint64_t) override {
        return handle;
    }
};

TEST(Disk, KeepsWhatWasCommittedThroughAnyCrash) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Fixture at(std::make_unique<SeededSource>(seed));
        at.tape.allow_faults({"crash", "disk.lost-write"});
        auto database = at.open("FULL");
        std::int64_t committed = 0;
        for (int life = 0; life < 6; ++life) {
            for (int i = 0; i < 10; ++i) insert(*database, committed++);
            database->run("BEGIN IMMEDIATE");
            for (int i = 0; i < 5; ++i) insert(*database, -1 - i);
            at.crash(database);
            database = at.open("FULL");
            ASSERT_EQ(count(*database), committed) << "seed " << seed << " life " << life;
            ASSERT_TRUE(is_sound(*database)) << "seed " << seed << " life " << life;
        }
    }
}

TEST(Disk, LosesWhatWasCommittedWithoutASync) {
    Fixture at(std::make_unique<Vandal>());
    auto database = at.open("OFF");
    for (int i = 0; i < 10; ++i) insert(*database, i);
    at.crash(database);
    database = at.open("OFF");
    EXPECT_LT(count(*database), 10);
}

TEST(Disk, KeepsUnsyncedWritesWhenTheTapeIsCalm) {
    Fixture at(std::make_unique<CalmSource>());
    auto database = at.open("OFF");
    for (int i = 0; i < 10; ++i) insert(*database, i);
    at.crash(database);
    database = at.open("OFF");
    EXPECT_EQ(count(*database), 10);
}

TEST(Disk, SurvivesACrashDuringACheckpoint) {
    int struck = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Fixture at(std::make_unique<SeededSource>(seed));
        at.tape.allow_faults({"crash", "disk.lost-write"});
        auto database = at.open("FULL");
        for (int i = 0; i < 30; ++i) insert(*database, i);
        // The process dies at a write of the checkpoint that the tape chooses.
        at.process.supervise(std::chrono::seconds(1));
        at.process.post([&] {
            try {
                for (int i = 0; i < 20; ++i) database->script("PRAGMA wal_checkpoint(TRUNCATE)");
            } catch (const StoreFailure&) {
                ++struck;
            }
            at.process.crash("power cut");
            database.reset();  // a connection must not outlive the life that it belongs to
        });
        at.world.run_until(std::chrono::minutes(2));
        at.tape.calm_faults();
        database = at.open("FULL");
        ASSERT_EQ(count(*database), 30) << "seed " << seed;
        ASSERT_TRUE(is_sound(*database)) << "seed " << seed;
    }
    EXPECT_GT(struck, 0) << "some crash has to come in the middle";
}

TEST(Disk, FailsAWriteWhenTheTapeSaysSo) {
    Fixture at(std::make_unique<RecordedSource>(std::vector<Deviation>{{"disk p error", 40, 1}}));
    bool failed = false;
    try {
        auto database = at.open("FULL");
        for (int i = 0; i < 40; ++i) insert(*database, i);
    } catch (const StoreFailure& failure) {
        failed = true;
        EXPECT_NE(std::string(failure.what()).find("I/O"), std::string::npos) << failure.what();
    }
    EXPECT_TRUE(failed);
}

TEST(Disk, LetsNoConnectionWriteAfterItWasCut) {
    Fixture at(std::make_unique<CalmSource>());
    auto database = at.open("FULL");
    insert(*database, 1);
    const std::uint64_t writes = at.process.disk().writes();
    at.process.disk().cut();
    EXPECT_THROW(insert(*database, 2), StoreFailure);
    EXPECT_EQ(at.process.disk().writes(), writes);
}

TEST(Disk, LetsTwoConnectionsShareADatabase) {
    Fixture at(std::make_unique<CalmSource>());
    auto one = at.open("FULL");
    auto two = at.open("FULL");
    insert(*one, 1);
    EXPECT_EQ(count(*two), 1);
    one->run("BEGIN IMMEDIATE");
    insert(*one, 2);
    EXPECT_EQ(count(*two), 1) << "an open transaction is not seen";
    EXPECT_THROW(two->run("BEGIN IMMEDIATE"), StoreFailure) << "one writer at a time";
    one->run("COMMIT");
    insert(*two, 3);
    EXPECT_EQ(count(*one), 3);
}

TEST(Disk, StartsFromADatabaseThatWasMadeElsewhere) {
    Fixture made(std::make_unique<CalmSource>());
    auto original = made.open("FULL");
    for (int i = 0; i < 5; ++i) insert(*original, i);
    original.reset();  // the last connection leaves everything in the one file
    const std::vector<char> image = made.process.disk().content("test.db");

    Fixture copy(std::make_unique<CalmSource>());
    copy.process.disk().load("test.db", image);
    auto database = copy.open("FULL");
    EXPECT_EQ(count(*database), 5);
    insert(*database, 6);
    copy.crash(database);
    database = copy.open("FULL");
    EXPECT_EQ(count(*database), 6);
    EXPECT_TRUE(copy.process.disk().content("nothing").empty());
}

TEST(Disk, WorksWithARollbackJournalToo) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Fixture at(std::make_unique<SeededSource>(seed));
        at.tape.allow_faults({"crash", "disk.lost-write"});
        auto open = [&] {
            auto database = std::make_unique<Database>("test.db", at.process.disk().vfs_name());
            // EXTRA syncs the folder after the journal is deleted, which is what commits.
            database->script(
                "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;"
                "CREATE TABLE IF NOT EXISTS t (n BIGINT NOT NULL,"
                " filler TEXT NOT NULL)");
            return database;
        };
        auto database = open();
        for (int i = 0; i < 10; ++i) insert(*database, i);
        at.crash(database);
        database = open();
        ASSERT_EQ(count(*database), 10) << "seed " << seed;
        ASSERT_TRUE(is_sound(*database));
    }
}

TEST(Disk, LosesNothingOfAProcessWhileAnotherMountsIt) {
    Fixture at(std::make_unique<Vandal>());
    Process& other = at.world.add_process("q", "p");
    other.mount(at.process);
    other.boot();
    auto first = at.open("OFF");
    Database second("test.db", other.disk().vfs_name());
    insert(*first, 1);
    EXPECT_EQ(count(second), 1) << "both see one database";
    at.crash(first);
    EXPECT_EQ(count(second), 1) << "what was written is with the host";
    insert(second, 2);
    first = at.open("OFF");
    EXPECT_EQ(count(*first), 2);
}

TEST(Disk, IsRecoveredByTheSurvivorOfAnUnfinishedTransaction) {
    Fixture at(std::make_unique<CalmSource>());
    Process& other = at.world.add_process("q", "p");
    other.mount(at.process);
    other.boot();
    auto first = at.open("FULL");
    Database second("test.db", other.disk().vfs_name());
    insert(*first, 1);
    first->run("BEGIN IMMEDIATE");
    insert(*first, 2);
    EXPECT_THROW(insert(second, 3), StoreFailure) << "locks are real";
    at.crash(first);
    insert(second, 3);
    EXPECT_EQ(count(second), 2) << "the dead one's transaction never was";
    EXPECT_TRUE(is_sound(second));
}

TEST(Disk, LosesWhatWasNotSyncedWhenTheLastProcessDies) {
    Fixture at(std::make_unique<Vandal>());
    Process& other = at.world.add_process("q", "p");
    other.mount(at.process);
    other.boot();
    auto first = at.open("FULL");
    insert(*first, 1);
    first->script("PRAGMA synchronous = OFF");
    insert(*first, 2);
    other.crash("first");
    at.crash(first);
    other.boot();
    Database second("test.db", other.disk().vfs_name());
    EXPECT_EQ(count(second), 1) << "the host went down with it";
}

TEST(Disk, HoldsADatabaseThatAProgramOpens) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& process = world.add_process("one", "any");
    process.boot();
    {
        const sim::Database database = open_database(process, "a.db");
        ASSERT_TRUE(database);
        EXPECT_EQ(sqlite3_exec(database.get(), "CREATE TABLE a (b)", nullptr, nullptr, nullptr),
                  SQLITE_OK);
    }
    EXPECT_FALSE(process.disk().content("a.db").empty());
}

}  // namespace
}  // namespace sim
