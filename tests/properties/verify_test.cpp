#include "properties/verify.hpp"

#include <gtest/gtest.h>

#include "tests/support/lost_update.hpp"

namespace properties {
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
    EXPECT_EQ(alone.sum.pruned, together.sum.pruned);
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

// Two processes that never meet: every order of their tasks is the same run.
TEST(Verify, DoesNotExtendARunThatIsAnotherInAnotherOrder) {
    const Subject strangers = [](const Deviations& deviations, sim::Recorder& recorder) {
        sim::Tape tape(std::make_unique<sim::RecordedSource>(deviations));
        sim::Trace trace;
        sim::World world(tape, trace, &recorder);
        std::vector<sim::Process*> both = {&world.add_process("a", "a"),
                                           &world.add_process("b", "b")};
        for (sim::Process* process : both) {
            process->boot();
            process->post([process] { process->post([] {}); });
        }
        world.run_until(std::chrono::seconds(1));
        return RunResult{};
    };
    const Verification found = within(3, strangers);
    EXPECT_EQ(found.sum.pruned, found.total_units) << "each first deviation is the calm run";
    EXPECT_EQ(found.sum.runs, found.total_units + 1);
}

TEST(Verify, HoldsForANamedRaceAndSweepsItsCrashes) {
    const scenarios::Scenario& scenario = *scenarios::find_scenario("ready-before-provision");
    VerifyOptions options;
    options.jobs = 2;
    const Verification choices = verify(scenario, options);
    EXPECT_TRUE(choices.sum.broken.empty());
    EXPECT_GT(choices.sum.runs, 50U);
    options.crashes = true;
    options.shard = {0, 16};
    const Verification crashes = verify(scenario, options);
    EXPECT_TRUE(crashes.sum.broken.empty());
    EXPECT_EQ(crashes.sum.crashes[0], crashes.total_units);
    EXPECT_GT(crashes.total_units, 10U);
}

}  // namespace
}  // namespace properties
