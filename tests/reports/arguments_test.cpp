#include <gtest/gtest.h>

#include "properties/lifecycle_trial.hpp"
#include "reports/build_identity.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/result_file.hpp"
#include "reports/text.hpp"
#include "tests/support/catalog.hpp"

namespace reports {
namespace {

const sim::search::Harness& harness() {
    return properties::lifecycle_harness();
}

TEST(Arguments, ReadRangesOfSeeds) {
    EXPECT_EQ(parse_seeds("7")->first, 7U);
    EXPECT_EQ(parse_seeds("7")->last, 7U);
    EXPECT_EQ(parse_seeds("1..5000")->last, 5000U);
    for (const char* bad : {"", "..", "1..", "..5", "5..1", "1...5", "a..b", "1..5x", "-1..5",
                            "1..99999999999999", "99999999999999999999", "1 ..5"}) {
        EXPECT_FALSE(parse_seeds(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadDurations) {
    EXPECT_EQ(*parse_duration("45"), 45);
    EXPECT_EQ(*parse_duration("60s"), 60);
    EXPECT_EQ(*parse_duration("5m"), 300);
    EXPECT_EQ(*parse_duration("1h"), 3600);
    for (const char* bad : {"", "s", "0s", "-1s", "1d", "1.5m", "ten"}) {
        EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadShards) {
    EXPECT_EQ(parse_shard("")->count, 1U);
    EXPECT_EQ(parse_shard("3/8")->index, 2U);
    EXPECT_EQ(parse_shard("3/8")->count, 8U);
    for (const char* bad : {"0/8", "9/8", "3", "/8", "3/", "a/b", "1/0", "-1/3", "1/8x"}) {
        EXPECT_FALSE(parse_shard(bad).has_value()) << bad;
    }
}

TEST(Arguments, ReadStrategies) {
    EXPECT_EQ(sim::search::to_string(*parse_strategy("mix")), "mix");
    EXPECT_EQ(sim::search::to_string(*parse_strategy("pct:3")), "pct:3");
    for (const char* bad : {"", "pc", "pct:", "pct:0", "pct:x", "pct:101", "fifo:2", "mix:1"}) {
        EXPECT_FALSE(parse_strategy(bad).has_value()) << bad;
    }
}

TEST(Arguments, KnowTheFaultsThatThereAre) {
    EXPECT_TRUE(known_faults(harness(), {"net.", "crash", "clock.jump"}).has_value());
    EXPECT_FALSE(known_faults(harness(), {"nett."}).has_value());
    const auto kinds = fault_kinds(harness());
    for (const char* kind : {"box.slow-boot",
                             "box.unwell",
                             "clock.drift",
                             "clock.jump",
                             "crash",
                             "disk.bit-flip",
                             "disk.error",
                             "disk.full",
                             "disk.lost-write",
                             "disk.torn-write",
                             "fly.capacity",
                             "fly.eager-launch",
                             "fly.lag",
                             "fly.launch-failure",
                             "fly.mishap",
                             "net.duplicate",
                             "net.late",
                             "net.lost-answer",
                             "net.lost-request",
                             "net.one-way-partition",
                             "net.partition",
                             "net.reorder",
                             "net.slow",
                             "net.slow-link",
                             "pause"}) {
        EXPECT_TRUE(kinds.contains(kind)) << kind;
    }
    for (const auto& [name, kind] : kinds) EXPECT_NE(kind.words, nullptr) << name;
}

TEST(Arguments, KnowWhatARunCanBeBrokenBy) {
    sim::search::Harness small;
    small.properties = {{"no-lost-update", "Every update counts."}};
    const auto promises = small.promises();
    ASSERT_EQ(promises.size(), 2U);
    EXPECT_EQ(promises[0].name, "no-lost-update");
    EXPECT_EQ(promises[1].name, sim::search::kRunCompletes);
    EXPECT_FALSE(promises[1].sentence.empty());
    for (const auto& promise : promises) {
        EXPECT_TRUE(known_property(small, promise.name).has_value()) << promise.name;
    }
    EXPECT_FALSE(known_property(small, "luck").has_value());
    EXPECT_TRUE(known_property({}, "luck").has_value()) << "a harness that lists none may have any";
}

TEST(Arguments, KnowTheKindsOfDecisionsThatThereAre) {
    const auto& calm = tests::scenario("calm");
    EXPECT_TRUE(known_kinds(calm, {"schedule", "net.", "net.latency", "crash"}).has_value());
    const auto unknown = known_kinds(calm, {"schedule", "scheduel"});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().message, "calm has no kind of decision \"scheduel\"");
    EXPECT_NE(unknown.error().action.find("schedule"), std::string::npos) << unknown.error().action;
}

TEST(Arguments, NameTheFileOfAShrunkFailure) {
    EXPECT_EQ(shrunk_path("out/storm-17.json"), "out/storm-17.min.json");
    EXPECT_EQ(shrunk_path("out/storm-17.min.json"), "out/storm-17.min.json");
    EXPECT_EQ(shrunk_path("a.min/storm-17"), "a.min/storm-17.min.json");
}

TEST(Program, IsNamedWithoutItsFolder) {
    std::string before = program();
    set_program("build/hello/lost_update");
    EXPECT_EQ(program_name(), "lost_update");
    set_program(std::move(before));
}

TEST(Arguments, SayAPlanAsTheyReadIt) {
    EXPECT_EQ(options_of(sim::search::SearchPlan()), "");
    PlanArguments arguments{"few:4", {"net.", "crash"}, {"net.late"}, 2.5};
    EXPECT_EQ(options_of(*parse_plan(harness(), arguments)),
              " --strategy few:4 --only-faults net. crash --without-faults net.late"
              " --fault-rate 2.5");
    arguments.without_faults = {"gremlin"};
    EXPECT_FALSE(parse_plan(harness(), arguments).has_value());
}

TEST(Verdicts, AreNoBetterThanWhatWasLookedAt) {
    SearchResult result;
    result.totals = {{kRuns, 7}};
    EXPECT_EQ(judge(result).exit_code(), 0);
    EXPECT_EQ(judge(result).word(), "held");
    const auto incomplete = [](const SearchResult& changed) {
        const Verdict verdict = judge(changed);
        return verdict.exit_code() == 3 && verdict.gaps().size() == 1 &&
               verdict.text().starts_with("INCOMPLETE: ");
    };
    SearchResult none = result;
    none.totals = {};
    EXPECT_TRUE(incomplete(none));
    SearchResult stopped = result;
    stopped.complete = false;
    EXPECT_TRUE(incomplete(stopped));
    SearchResult empty = result;
    empty.totals[kParts] = 0;
    EXPECT_TRUE(incomplete(empty));
    empty.shard.count = 2;
    EXPECT_EQ(judge(empty).exit_code(), 0) << "its merger asks";
    SearchResult unmet = result;
    unmet.unmet = {"pause"};
    EXPECT_TRUE(incomplete(unmet));
    SearchResult unlisted = result;
    unlisted.totals[kUnlisted] = 158;
    EXPECT_TRUE(incomplete(unlisted));
    SearchResult hollow = result;
    hollow.sometimes = sim::search::Sometimes({{"calm", {{"pigs fly", 0}}}});
    EXPECT_EQ(judge(hollow).exit_code(), 1);
    stopped.broken = {{"calm", 1, "convergence", "", ""}};
    EXPECT_EQ(judge(stopped).exit_code(), 1) << "what broke, broke, whatever else was looked at";
}

TEST(Verdicts, OfShardsAreOfTheWhole) {
    SearchResult one;
    one.totals = {{kRuns, 1}, {kParts, 0}};
    one.shard.count = 2;
    one.unmet = {"pause", "crash"};
    one.sometimes = sim::search::Sometimes({{"calm", {{"a", 1}, {"b", 0}}}});
    SearchResult two = one;
    two.totals[kParts] = 3;
    two.shard.index = 1;
    two.unmet = {"crash"};
    two.sometimes = sim::search::Sometimes({{"calm", {{"a", 0}, {"b", 2}}}});
    const SearchResult all = sum({one, two});
    EXPECT_EQ(all.unmet, std::vector<std::string>{"crash"}) << "what happened in one happened";
    EXPECT_TRUE(never_seen(all).empty());
    EXPECT_EQ(judge(all).exit_code(), 3);
}

TEST(Text, FindsTheFirstDifferenceOfTwoRuns) {
    const auto kept = [](std::int64_t value) {
        const sim::Field fields[] = {{"value", value}};
        return sim::KeptEvent({sim::VirtualTime(1), 1, 1, "p", "t", fields});
    };
    const std::vector<sim::KeptEvent> one = {kept(1), kept(2), kept(3)};
    const std::vector<sim::KeptEvent> two = {kept(1), kept(9), kept(3)};
    EXPECT_EQ(first_difference(one, one), "");
    const std::string difference = first_difference(one, two);
    EXPECT_NE(difference.find("from event 1 on"), std::string::npos) << difference;
    EXPECT_NE(difference.find("\"value\":9"), std::string::npos) << difference;
    EXPECT_NE(first_difference(one, {kept(1)}), "");
}

}  // namespace
}  // namespace reports
