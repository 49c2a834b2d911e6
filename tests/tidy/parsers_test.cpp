#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/tidy/tree.hpp"

// Every parser of bytes from outside is fuzzed.
namespace tidy {
namespace {

// What the headers of the core declare, by the names that parsers have.
std::set<std::string> parsers_in(const std::vector<Source>& sources) {
    static const std::regex declared("\\b((?:parse|classify|decode)_\\w+)\\(");
    // They read what others were given, or the words of whoever starts the program.
    const std::set<std::string> parts = {"parse_all", "parse_members", "parse_options"};
    std::set<std::string> found;
    for (const Source& source : sources) {
        if (!source.path.starts_with("system/") || !source.path.ends_with(".hpp")) continue;
        for (std::sregex_iterator at(source.text.begin(), source.text.end(), declared), end;
             at != end; ++at) {
            if (!parts.contains((*at)[1])) found.insert((*at)[1]);
        }
    }
    return found;
}

std::set<std::string> without(const std::set<std::string>& parsers, const std::string& fed) {
    std::set<std::string> left;
    for (const std::string& parser : parsers) {
        if (!std::regex_search(fed, std::regex("\\b" + parser + "\\("))) left.insert(parser);
    }
    return left;
}

TEST(Parsers, AreAllFuzzed) {
    const std::set<std::string> parsers = parsers_in(sources_of_tree());
    EXPECT_GT(parsers.size(), 20U);
    EXPECT_EQ(without(parsers, text_of("tests/support/outside_bytes.cpp")),
              std::set<std::string>());
}

TEST(Parsers, AreFoundUnfuzzed) {
    const auto parsers =
        parsers_in({{"system/a.hpp", "A parse_a(std::string_view);\nB parse_b(std::string_view);"},
                    {"system/a.cpp", "C parse_c(std::string_view);"}});
    EXPECT_EQ(parsers, (std::set<std::string>{"parse_a", "parse_b"}));
    EXPECT_EQ(without(parsers, "parse_a(bytes); parse_bc(bytes);"),
              std::set<std::string>{"parse_b"});
}

}  // namespace
}  // namespace tidy
