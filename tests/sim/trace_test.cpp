#include "sim/world/trace.hpp"

#include <gtest/gtest.h>

namespace sim {
namespace {

TEST(Trace, WritesAnEventAsOneLineOfJson) {
    const Field fields[] = {{"what", "GET \"/\"\n"}, {"count", std::int64_t{3}}};
    const Event event{std::chrono::seconds(2), 7, 9, "server", "net.send", fields};
    EXPECT_EQ(to_json_line(event),
              R"({"at_us":2000000,"step":7,"decision":9,"process":"server","type":"net.send",)"
              R"("what":"GET \"/\"\u000a","count":3})");
}

TEST(Trace, WritesAnEventForPeople) {
    const Field fields[] = {{"machine", "alpha-1"}, {"why", "two words"}};
    const Event event{
        std::chrono::milliseconds(3'723'004), 7, 9, "server", "machine.state", fields};
    EXPECT_EQ(to_text_line(event),
              "+01:02:03.004000  server       machine.state          machine=alpha-1"
              " why=\"two words\"");
}

TEST(Trace, DigestsEverythingInAnEvent) {
    const auto digest = [](VirtualTime at, std::string_view process, std::string_view type,
                           const char* value) {
        Trace trace;
        const Field fields[] = {{"field", value}};
        trace.emit({at, 1, 2, process, type, fields});
        return trace.digest();
    };
    const auto reference = digest(VirtualTime(1), "p", "t", "v");
    EXPECT_EQ(reference, digest(VirtualTime(1), "p", "t", "v"));
    EXPECT_NE(reference, digest(VirtualTime(2), "p", "t", "v"));
    EXPECT_NE(reference, digest(VirtualTime(1), "q", "t", "v"));
    EXPECT_NE(reference, digest(VirtualTime(1), "p", "u", "v"));
    EXPECT_NE(reference, digest(VirtualTime(1), "p", "t", "w"));
}

TEST(Trace, KeepsAnEventBeyondTheLifeOfItsTexts) {
    std::string text = "something long enough to be on the heap, and then changed";
    const Field fields[] = {{"text", text}};
    const KeptEvent kept({VirtualTime(5), 1, 2, "p", "t", fields});
    const std::string before = to_json_line(kept.view());
    text.assign(text.size(), '?');
    EXPECT_EQ(to_json_line(kept.view()), before);
    EXPECT_EQ(before.find('?'), std::string::npos);
}

}  // namespace
}  // namespace sim
