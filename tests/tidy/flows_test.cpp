#include <gtest/gtest.h>

#include <exception>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "system/system.hpp"
#include "tests/support/sim_fixture.hpp"
#include "tests/tidy/tree.hpp"

// Every kind of event has a consumer, and a row that says what happens.
namespace tidy {
namespace {

struct Kind {
    std::string constant;
    std::string name;
};

std::vector<Kind> kinds_in(const std::vector<Source>& sources) {
    static const std::regex declared("\\bEventKind\\s+(k\\w+)\\s*[({]\\s*\"([^\"]+)\"");
    std::vector<Kind> kinds;
    for (const Source& source : sources) {
        if (!source.path.starts_with("system/")) continue;
        for (std::sregex_iterator found(source.text.begin(), source.text.end(), declared), end;
             found != end; ++found) {
            kinds.push_back({(*found)[1], (*found)[2]});
        }
    }
    return kinds;
}

// What is missing, in words.
std::string missing(const std::vector<Source>& sources, const std::string& document) {
    std::string all;
    for (const Kind& kind : kinds_in(sources)) {
        bool consumed = false;
        for (const Source& source : sources) {
            consumed = consumed ||
                       (source.path.starts_with("system/") &&
                        source.text.find("outbox.add(" + kind.constant + ",") != std::string::npos);
        }
        if (!consumed) all += kind.name + " has no consumer\n";
        const std::regex row("(^|\\n)\\|[^|]*`" + kind.name + "`[^|]*\\|");
        if (!std::regex_search(document, row)) all += kind.name + " has no row\n";
    }
    return all;
}

TEST(Flows, EveryKindOfEventHasAConsumerAndARow) {
    const std::vector<Source> sources = sources_of_tree();
    EXPECT_GT(kinds_in(sources).size(), 10U);
    EXPECT_EQ(missing(sources, text_of("docs/architecture.md")), "");
}

// The text of an installation does not say that it is called: the system that is put together does.
TEST(Flows, EveryKindOfEventHasAConsumerInTheSystem) {
    std::set<std::string> declared;
    for (const Kind& kind : kinds_in(sources_of_tree())) declared.insert(kind.name);
    tests::SimFixture at;
    const lifecycle::Counters counters(at.telemetry);
    lifecycle::System system(at.open_store(), at.ports(), counters, lifecycle::Providers(),
                             lifecycle::SystemOptions(),
                             [](std::exception_ptr failure) { std::rethrow_exception(failure); });
    std::set<std::string> consumed;
    for (const lifecycle::EventKind& kind : system.kinds()) {
        consumed.insert(std::string(kind.name));
    }
    EXPECT_EQ(consumed, declared);
    EXPECT_GT(consumed.size(), 10U);
}

TEST(Flows, AreFoundBroken) {
    const std::vector<Source> sources = {
        {"system/a/a.hpp",
         "inline constexpr EventKind kWake{\"machine:wake\", EventKind::Lifetime::by_age};"},
        {"system/a/a.cpp", "registry.outbox.add(kWakeUp, consumer());"}};
    EXPECT_EQ(missing(sources, "| `machine:sleep` | x |\n"),
              "machine:wake has no consumer\nmachine:wake has no row\n");
    EXPECT_EQ(missing({sources[0], {"system/a/b.cpp", "outbox.add(kWake, consumer());"}},
                      "a\n| `machine:sleep`, `machine:wake` | x |\n"),
              "");
}

}  // namespace
}  // namespace tidy
