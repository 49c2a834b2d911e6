#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "system/server/log.hpp"

namespace lifecycle::server {
namespace {

using nlohmann::json;

TEST(Log, FactsNeverShadowWhatEveryLineHas) {
    const std::vector<Fact> facts = {
        {"event", std::int64_t{7}}, {"at_us", "noon"}, {"facts", "none"}, {"kind", "a\xff\n"}};
    const json line = json::parse(log_line(Time(Duration(5)), "outbox.claimed", facts));
    EXPECT_EQ(line["event"], "outbox.claimed");
    EXPECT_EQ(line["at_us"], 5);
    EXPECT_EQ(line["facts"]["event"], 7);
    EXPECT_EQ(line["facts"]["at_us"], "noon");
    EXPECT_EQ(line["facts"]["facts"], "none");
    EXPECT_EQ(line.size(), 3U);
}

class Pipe {
  public:
    Pipe() {
        EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0);
        fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    }
    ~Pipe() {
        close(ends_[0]);
        close(ends_[1]);
    }
    int input() const { return ends_[1]; }
    // All that is in it.
    std::string drain() {
        std::string all(4'000'000, '\0');
        std::size_t length = 0;
        for (;;) {
            const ssize_t some = read(ends_[0], all.data() + length, all.size() - length);
            if (some <= 0) break;
            length += static_cast<std::size_t>(some);
        }
        all.resize(length);
        return all;
    }

  private:
    int ends_[2] = {-1, -1};
};

TEST(Log, WhatNobodyTakesIsKeptForAWhileAndThenCounted) {
    Pipe pipe;
    LineWriter lines(pipe.input());
    const std::string line(999, 'x');
    for (int i = 0; i < 2000; ++i) lines.write(line);
    EXPECT_GT(lines.lost(), 500U);
    EXPECT_LT(lines.lost(), 1000U) << "a pipe and a megabyte are kept";
    std::string seen;
    // A pipe takes a fraction of what is kept each time.
    for (int i = 0; i < 100; ++i) {
        seen += pipe.drain();
        lines.write("next");
    }
    seen += pipe.drain();
    const std::string said =
        R"({"event":"log.lost","facts":{"lines":)" + std::to_string(lines.lost()) + "}}\n";
    EXPECT_NE(seen.find(said), std::string::npos);
    EXPECT_EQ(seen.find("xnext"), std::string::npos);
    EXPECT_EQ(seen.find(std::string(1000, 'x')), std::string::npos);
}

TEST(Log, ADescriptorThatIsNoneLosesLinesAndNothingElse) {
    LineWriter lines(-1);
    lines.write("one");
    lines.write("two");
    EXPECT_EQ(lines.lost(), 2U);
}

}  // namespace
}  // namespace lifecycle::server
