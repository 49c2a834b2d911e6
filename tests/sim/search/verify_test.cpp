#include "sim/search/verify.hpp"

#include <gtest/gtest.h>

#include "sim/disk/disk.hpp"
#include "sim/net/network.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/world/world.hpp"
#include "system/store/database.hpp"
#include "tests/support/catalog.hpp"
#include "tests/support/lost_update.hpp"
#include "tests/support/sample.hpp"

namespace sim::search {
namespace {

using Deviations = std::vector<sim::Deviation>;

// The race of two clients as something to verify: broken where that order is met.
Subject race(int steps, bool tests::RaceOutcome::* order) {
    return [=](const Deviations& deviations, sim::Recorder& recorder) {
        tests::LostUpdate clients(steps);
        const tests::RaceOutcome outcome =
            clients.run(std::make_unique<sim::RecordedSource>(deviations), &recorder);
        RunResult result;
        if (outcome.*order) result.violations.push_back({"order", "met", 0, {}});
        return result;
    };
}

Verification within(unsigned deviations, const Subject& subject) {
    VerifyOptions options;
    options.deviations = deviations;
    return verify("race", subject, options);
}

TEST(Verify, FindsEachDepthForCertain) {
    for (const int steps : {10, 20}) {
        EXPECT_FALSE(within(1, race(steps, &tests::RaceOutcome::ordered)).sum.broken.empty());
        EXPECT_FALSE(within(1, race(steps, &tests::RaceOutcome::lost)).sum.broken.empty());
        EXPECT_TRUE(within(1, race(steps, &tests::RaceOutcome::alternated)).sum.broken.empty());
        EXPECT_FALSE(within(2, race(steps, &tests::RaceOutcome::alternated)).sum.broken.empty());
    }
}

TEST(Verify, CountsExactlyAndTheSameOnAnyNumberOfThreads) {
    const Subject subject = race(6, &tests::RaceOutcome::alternated);
    VerifyOptions options;
    options.deviations = 2;
    const Verification alone = verify("race", subject, options);
    options.jobs = 3;
    const Verification together = verify("race", subject, options);
    EXPECT_EQ(alone.sum.runs, together.sum.runs);
    EXPECT_EQ(alone.sum.merged, together.sum.merged);
    EXPECT_EQ(alone.sum.broken.size(), together.sum.broken.size());
    EXPECT_TRUE(together.complete());
}

TEST(Verify, IsTheSumOfItsShardsAndOfItsInterruptedParts) {
    const Subject subject = race(6, &tests::RaceOutcome::lost);
    VerifyOptions options;
    options.deviations = 2;
    const Verification whole = verify("race", subject, options);
    std::uint64_t runs = 0;
    std::size_t broken = 0;
    for (std::uint64_t shard = 0; shard < 3; ++shard) {
        options.shard = {shard, 3};
        const Verification part = verify("race", subject, options);
        runs += part.sum.runs;
        broken += part.sum.broken.size();
    }
    EXPECT_EQ(runs, whole.sum.runs);
    EXPECT_EQ(broken, whole.sum.broken.size());

    options.shard = {};
    std::uint64_t asked = 0;
    options.stop = [&] { return ++asked > 20; };
    std::map<std::uint64_t, VerifyUnit> done;
    options.finished = [&](std::uint64_t number, const VerifyUnit& unit) {
        done.emplace(number, unit);
    };
    EXPECT_FALSE(verify("race", subject, options).complete());
    options.done = done;
    options.stop = {};
    const Verification resumed = verify("race", subject, options);
    EXPECT_TRUE(resumed.complete());
    EXPECT_EQ(resumed.sum.runs, whole.sum.runs);
}

// Two processes that never meet, at one moment: whoever is first, nothing is left of it later.
TEST(Verify, FollowsARunOnlyUntilItIsAnotherAgain) {
    const Subject strangers = [](const Deviations& deviations, sim::Recorder& recorder) {
        sim::Tape tape(std::make_unique<sim::RecordedSource>(deviations));
        sim::Trace trace;
        sim::World world(tape, trace, &recorder);
        std::vector<sim::Process*> both = {&world.add_process("a", "a"),
                                           &world.add_process("b", "b")};
        for (sim::Process* process : both) {
            process->keeps_to_itself();
            process->boot();
        }
        for (int tick = 1; tick <= 20; ++tick) {
            for (sim::Process* process : both) process->at(std::chrono::seconds(tick), [] {});
        }
        both[0]->at(std::chrono::seconds(30), [] {});
        world.run_until(std::chrono::minutes(1));
        return RunResult{};
    };
    const Verification once = within(1, strangers);
    const Verification twice = within(2, strangers);
    EXPECT_EQ(once.total_units, 20U);
    EXPECT_EQ(twice.sum.merged, 20U) << "each first deviation is the calm run again";
    EXPECT_EQ(twice.sum.runs, once.sum.runs);
}

// Three processes of one host: one writes the database that the others read, all at one moment.
class Sharers {
  public:
    Sharers(const Deviations& deviations, sim::Recorder& recorder)
        : tape(std::make_unique<sim::RecordedSource>(deviations)),
          world(tape, trace, &recorder),
          first(world.add_process("first", "first")),
          second(world.add_process("second", "second")),
          writer(world.add_process("writer", "writer")) {
        first.mount(writer);
        second.mount(writer);
        for (sim::Process* process : {&writer, &first, &second}) {
            process->keeps_to_itself();
            process->boot();
            databases_.push_back(
                std::make_unique<lifecycle::Database>("test.db", process->disk().vfs_name()));
        }
        databases_[0]->script("PRAGMA journal_mode = WAL");
        databases_[0]->script("CREATE TABLE t (n BIGINT NOT NULL)");
        first.post([this] { first_saw = databases_[1]->table("SELECT n FROM t"); });
        second.post([this] { second_saw = databases_[2]->table("SELECT n FROM t"); });
        writer.post([this] { databases_[0]->script("INSERT INTO t (n) VALUES (1)"); });
        writer.at(std::chrono::milliseconds(10), [] {});  // until then the world may rest
    }

    static bool old(const std::string& seen) { return seen == "n\n"; }

    sim::Tape tape;
    sim::Trace trace;
    sim::World world;
    sim::Process& first;
    sim::Process& second;
    sim::Process& writer;
    std::string first_saw;
    std::string second_saw;

  private:
    std::vector<std::unique_ptr<lifecycle::Database>> databases_;
};

std::size_t broken_within(unsigned deviations, const Subject& subject) {
    VerifyOptions options;
    options.deviations = deviations;
    options.only = {"schedule", "use"};
    return verify("sharers", subject, options).sum.broken.size();
}

// A run in which a process saw another version of a database is another run, though nothing shows
// until it uses what it saw.
TEST(Verify, ExtendsARunInWhichAnotherVersionWasRead) {
    const Subject stale = [](const Deviations& deviations, sim::Recorder& recorder) {
        Sharers sharers(deviations, recorder);
        bool used = false;
        const sim::LaneId use = sharers.tape.lane("use", sim::fault("use", 1, 2));
        sharers.first.at(std::chrono::milliseconds(5), [&] { used = sharers.tape.chance(use); });
        sharers.world.run_until(std::chrono::seconds(1));
        RunResult result;
        if (used && !Sharers::old(sharers.first_saw))
            result.violations.push_back({"new", "", 0, {}});
        return result;
    };
    EXPECT_EQ(broken_within(1, stale), 0U);
    EXPECT_GE(broken_within(2, stale), 1U);
}

// That the second reads before the first changes nothing by itself; but with the writer between
// them it does.
TEST(Verify, ExtendsARunWhoseOrderMattersOnlyLater) {
    const Subject torn = [](const Deviations& deviations, sim::Recorder& recorder) {
        Sharers sharers(deviations, recorder);
        sharers.world.run_until(std::chrono::seconds(1));
        RunResult result;
        if (Sharers::old(sharers.second_saw) && !Sharers::old(sharers.first_saw)) {
            result.violations.push_back({"torn", "", 0, {}});
        }
        return result;
    };
    EXPECT_EQ(broken_within(1, torn), 0U);
    EXPECT_EQ(broken_within(2, torn), 1U);
}

// What two processes share behind the back of their world: one writes it, the other reads it at the
// same moment, and uses later what it has read.
Subject shared(bool promised) {
    return [=](const Deviations& deviations, sim::Recorder& recorder) {
        sim::Tape tape(std::make_unique<sim::RecordedSource>(deviations));
        sim::Trace trace;
        sim::World world(tape, trace, &recorder);
        sim::Process& writer = world.add_process("writer", "writer");
        sim::Process& reader = world.add_process("reader", "reader");
        for (sim::Process* process : {&writer, &reader}) {
            if (promised) process->keeps_to_itself();
            process->boot();
        }
        int value = 0;
        int seen = 0;
        bool used = false;
        writer.post([&] { value = 1; });
        reader.post([&] { seen = value; });
        const sim::LaneId use = tape.lane("use", sim::fault("use", 1, 2));
        reader.at(std::chrono::seconds(5), [&] { used = tape.chance(use); });
        world.run_until(std::chrono::seconds(6));
        RunResult result;
        if (used && seen == 0) result.violations.push_back({"stale", "", 0, {}});
        return result;
    };
}

TEST(Verify, TakesProcessesToLookAtEachOtherUnlessTheyPromiseNotTo) {
    EXPECT_EQ(broken_within(2, shared(false)), 1U);
    EXPECT_EQ(broken_within(2, shared(true)), 0U) << "a promise that is broken hides runs";
}

// A clock is set at the moment at which it is read.
TEST(Verify, ExtendsARunInWhichAnotherTimeWasRead) {
    const Subject early = [](const Deviations& deviations, sim::Recorder& recorder) {
        sim::Tape tape(std::make_unique<sim::RecordedSource>(deviations));
        sim::Trace trace;
        sim::World world(tape, trace, &recorder);
        sim::Process& reader = world.add_process("reader", "reader");
        reader.keeps_to_itself();
        reader.boot();
        sim::VirtualTime told{};
        bool used = false;
        reader.post([&] { told = reader.local_time(); });
        world.self().post([&] { reader.jump_clock(std::chrono::hours(1)); });
        const sim::LaneId use = tape.lane("use", sim::fault("use", 1, 2));
        reader.at(std::chrono::seconds(5), [&] { used = tape.chance(use); });
        world.run_until(std::chrono::seconds(6));
        RunResult result;
        if (used && told.count() != 0) result.violations.push_back({"time", "", 0, {}});
        return result;
    };
    EXPECT_EQ(broken_within(1, early), 0U);
    EXPECT_EQ(broken_within(2, early), 1U);
}

// Two requests wait at a held link in one order or the other, and nobody sees which.
TEST(Verify, ExtendsARunInWhichAHeldLinkHoldsAnotherOrder) {
    const Subject overtaken = [](const Deviations& deviations, sim::Recorder& recorder) {
        sim::Tape tape(std::make_unique<sim::RecordedSource>(deviations));
        sim::Trace trace;
        sim::World world(tape, trace, &recorder);
        sim::Process& server = world.add_process("server", "server");
        sim::Process& first = world.add_process("first", "caller");
        sim::Process& second = world.add_process("second", "caller");
        for (sim::Process* process : {&server, &first, &second}) {
            process->keeps_to_itself();
            process->boot();
        }
        std::string order;
        world.network().listen(server, "door", [&](sim::Packet packet, sim::Network::Answer) {
            order += packet.label;
        });
        world.network().hold("caller", "server");
        for (sim::Process* caller : {&first, &second}) {
            caller->post([&world, caller] {
                world.network().call(*caller, "door", {caller->name(), {}},
                                     std::chrono::seconds(30), [](sim::Network::Result) {});
            });
        }
        const sim::LaneId use = tape.lane("use", sim::fault("use", 1, 2));
        server.at(std::chrono::seconds(5), [&] {
            if (tape.chance(use)) world.network().release("caller", "server");
        });
        world.run_until(std::chrono::seconds(6));
        RunResult result;
        if (order == "secondfirst") result.violations.push_back({"order", "", 0, {}});
        return result;
    };
    EXPECT_EQ(broken_within(1, overtaken), 0U);
    EXPECT_EQ(broken_within(2, overtaken), 4U) << "as they leave, come, go on and arrive";
}

// Each life of a process may end before and after it keeps something. Nothing says what is
// recovered.
class Lives final : public SimpleTrial {
    void begin() override {
        const auto live = [this](Process& self) {
            self.post([this, &self] {
                const bool kept = kept_;
                if (self.crash_point("first")) {
                    died_early_later_ = died_early_later_ || kept;
                    return;
                }
                kept_ = true;
                self.crash_point("second");
            });
            return std::make_unique<Program>();
        };
        add_program("p", live, std::chrono::seconds(1));
    }
    void judge() override { expect(!died_early_later_, "never-late-then-early"); }

    bool kept_ = false;
    bool died_early_later_ = false;
};

TEST(Verify, TellsCrashesApartThatNobodyRecoversFrom) {
    VerifyOptions options;
    options.crashes = true;
    options.deviations = 2;
    const Verification pairs = verify(scenario<Lives>("lives"), options);
    EXPECT_EQ(pairs.sum.crashes[0], 2U);
    EXPECT_EQ(pairs.sum.broken.size(), 1U) << "dies late, and early in its next life";
}

// `./dev verify` verifies every scenario.
TEST(Verify, HoldsForANamedRace) {
    const Scenario& scenario = tests::scenario("ready-before-provision");
    for (const std::uint64_t index : tests::sample("choices of a race", 0, 23, 1)) {
        VerifyOptions options;
        options.jobs = 2;
        options.shard = {index, 24};
        const Verification choices = verify(scenario, options);
        EXPECT_TRUE(choices.sum.broken.empty()) << "shard " << index;
        EXPECT_GT(choices.sum.runs, 10U);
    }
}

// A sixteenth of the sweep at most: all of it takes minutes at full speed.
TEST(Verify, SweepsTheCrashesOfANamedRace) {
    const Scenario& scenario = tests::scenario("ready-before-provision");
    for (const std::uint64_t index : tests::sample("crashes of a race", 0, 14, 1)) {
        VerifyOptions options;
        options.jobs = 2;
        options.crashes = true;
        options.shard = {index, 240};
        const Verification crashes = verify(scenario, options);
        EXPECT_TRUE(crashes.sum.broken.empty()) << "shard " << index;
        EXPECT_EQ(crashes.sum.crashes[0], crashes.total_units);
        EXPECT_GT(crashes.total_units, 1U);
    }
}

}  // namespace
}  // namespace sim::search
