#include "sim/search/failure_file.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "sim/world/hash.hpp"

namespace sim::search {
namespace {

std::span<const Scenario> known() {
    static const std::vector<Scenario> all = {{"storm", "", {}, {}}};
    return all;
}

Failure sample() {
    Failure failure;
    failure.scenario = "storm";
    failure.origin = "explore with mix";
    failure.seed = 17;
    failure.property = "no-bug";
    failure.message = "it broke";
    failure.hash = 0xfeedULL;
    failure.build = "this one";
    failure.deviations = {{"net a->b latency", 3, 1}, {"schedule", 9, 2}};
    failure.explanation = {"first this", "then that"};
    failure.decisions = {{"schedule", "net a->b latency"}, {0, 0, 1, 0, 1}};
    return failure;
}

// The sample as a file.
std::string whole_file() {
    const std::string path = testing::TempDir() + "vivarium-failure-file-whole.json";
    EXPECT_TRUE(write_failure(path, sample()).has_value());
    std::ifstream in(path);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    std::remove(path.c_str());
    return text;
}

std::string error_of(const std::string& text) {
    const auto parsed = parse_failure(text, "some.json", known());
    if (parsed) return "none";
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
    return parsed.error().message;
}

TEST(FailureFile, ReadsBackWhatItWrote) {
    const std::string path = testing::TempDir() + "vivarium-failure-file-test.json";
    ASSERT_TRUE(write_failure(path, sample()).has_value());
    const auto read = read_failure(path, known());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->scenario, "storm");
    EXPECT_EQ(read->seed, 17U);
    EXPECT_EQ(read->hash, 0xfeedULL);
    EXPECT_EQ(read->deviations, sample().deviations);
    EXPECT_EQ(read->decisions.lanes, sample().decisions.lanes);
    EXPECT_EQ(read->decisions.drawn, sample().decisions.drawn);
    EXPECT_FALSE(read->faults.has_value());
    std::remove(path.c_str());
}

TEST(FailureFile, SaysWhatIsWrongWithAForeignFile) {
    EXPECT_EQ(error_of(whole_file()), "none");
    EXPECT_EQ(error_of(""), "some.json is no failure file: it is not JSON, or was cut off");
    EXPECT_EQ(error_of("{}"), "some.json is no failure file: it does not say that it is one");
    EXPECT_EQ(error_of("[]"), "some.json is no failure file: it does not say that it is one");
    EXPECT_EQ(error_of(R"({"format":"vivarium-failure","version":1})"),
              "some.json is no failure file: its version is not 2, which this program reads");
    const std::string whole = whole_file();
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = whole;
        return error_of(changed.replace(changed.find(from), from.size(), to));
    };
    EXPECT_NE(with("explore with mix", "explore with max").find("digest"), std::string::npos);
    EXPECT_NE(with("\"property\"", "\"proberty\"").find("no failure file"), std::string::npos);
}

TEST(FailureFile, SurvivesAnyCutAndAnyFlippedByte) {
    const std::string whole = whole_file();
    const std::size_t content = whole.find_last_of('}') + 1;
    for (std::size_t length = 0; length < content; ++length) {
        EXPECT_NE(error_of(whole.substr(0, length)), "none") << length;
    }
    for (std::size_t i = 0; i < content; ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = whole;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            const auto parsed = parse_failure(flipped, "some.json", known());
            // Only white space may change without being noticed.
            if (parsed) EXPECT_EQ(parsed->deviations, sample().deviations) << i << " " << bit;
        }
    }
}

TEST(DecisionLog, TellsWhereTwoRunsPart) {
    const DecisionLog one = {{"a", "b"}, {0, 1, 0}};
    EXPECT_EQ(first_divergence(one, one), "");
    EXPECT_EQ(first_divergence(one, {{"b", "a"}, {1, 0, 1}}), "");  // the same by name
    EXPECT_EQ(first_divergence(one, {{"a", "b", "c"}, {0, 2, 0}}),
              "decision 1 was `b`, the code now asks `c`");
    EXPECT_EQ(first_divergence(one, {{"a", "b"}, {0, 1}}),
              "the recorded run made 3 decisions, this one 2, alike as far as both go");
}

TEST(FailureFile, SaysThatItCannotBeReadOrWritten) {
    EXPECT_NE(read_failure("/nowhere/at/all.json", known()).error().message.find("cannot read"),
              std::string::npos);
    EXPECT_NE(write_failure("/nowhere/at/all.json", sample()).error().message.find("cannot write"),
              std::string::npos);
}

}  // namespace
}  // namespace sim::search
