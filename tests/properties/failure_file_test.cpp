#include "properties/failure_file.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "sim/hash.hpp"

namespace properties {
namespace {

Failure sample() {
    return {"storm",    17,        "no-bug",
            "it broke", 0xfeedULL, {{"net a->b loss", 3, 1}, {"schedule", 9, 2}}};
}

const char* kWhole = R"({"format":"vivarium-failure","version":1,"scenario":"storm","seed":17,)"
                     R"("property":"no-bug","message":"it broke","hash":"000000000000feed",)"
                     R"("tape":{"net a->b loss":[[3,1]],"schedule":[[9,2]]}})";

std::string error_of(const std::string& text) {
    const auto parsed = parse_failure(text, "some.json");
    if (parsed) return "none";
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
    return parsed.error().message;
}

TEST(FailureFile, ReadsBackWhatItWrote) {
    const std::string path = testing::TempDir() + "vivarium-failure-file-test.json";
    ASSERT_TRUE(write_failure(path, sample()).has_value());
    const auto read = read_failure(path);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->scenario, "storm");
    EXPECT_EQ(read->seed, 17U);
    EXPECT_EQ(read->hash, 0xfeedULL);
    EXPECT_EQ(read->deviations, sample().deviations);
    std::remove(path.c_str());
}

TEST(FailureFile, SaysWhatIsWrongWithAForeignFile) {
    EXPECT_EQ(error_of(kWhole), "none");
    EXPECT_EQ(error_of(""), "some.json is no failure file: it is not JSON, or was cut off");
    EXPECT_EQ(error_of("{}"), "some.json is no failure file: it does not say that it is one");
    EXPECT_EQ(error_of("[]"), "some.json is no failure file: it does not say that it is one");
    EXPECT_EQ(error_of(R"({"format":"vivarium-failure","version":2})"),
              "some.json is no failure file: its version is not 1, which this program reads");
    const std::string whole = kWhole;
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = whole;
        return error_of(changed.replace(changed.find(from), from.size(), to));
    };
    EXPECT_NE(with("storm", "sturm").find("no scenario \"sturm\""), std::string::npos);
    EXPECT_NE(with("000000000000feed", "xyz").find("16 hexadecimal"), std::string::npos);
    EXPECT_NE(with("[[9,2]]", "7").find("not a list"), std::string::npos);
    EXPECT_NE(with("[[9,2]]", "[[9]]").find("no failure file"), std::string::npos);
    EXPECT_NE(with("[[9,2]]", "[[-9,\"x\"]]").find("no failure file"), std::string::npos);
}

TEST(FailureFile, SurvivesAnyCutAndAnyFlippedByte) {
    const std::string whole = kWhole;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_NE(error_of(whole.substr(0, length)), "none") << length;
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = whole;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            // It may still be a whole file that says something else; it must not crash.
            static_cast<void>(parse_failure(flipped, "some.json"));
        }
    }
}

TEST(FailureFile, SaysThatItCannotBeReadOrWritten) {
    EXPECT_NE(read_failure("/nowhere/at/all.json").error().message.find("cannot read"),
              std::string::npos);
    EXPECT_NE(write_failure("/nowhere/at/all.json", sample()).error().message.find("cannot write"),
              std::string::npos);
}

}  // namespace
}  // namespace properties
