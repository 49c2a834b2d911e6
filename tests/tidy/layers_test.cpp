#include "tests/tidy/layers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "tests/tidy/tree.hpp"

namespace tidy {
namespace {

Layers drawn() {
    return Layers(text_of("docs/architecture.md"));
}

TEST(Tree, IncludesOnlyAlongTheArrows) {
    Layers layers = drawn();
    std::string all;
    for (const Source& source : sources_of_tree()) {
        all += told(layers.check(source.path, source.text));
    }
    EXPECT_EQ(all, "");
    EXPECT_EQ(told(layers.circles()), "");
    EXPECT_EQ(told(layers.unused()), "") << "an arrow is drawn that nobody needs";
}

TEST(Tree, IncludesWhatItNames) {
    std::map<std::string, std::string> texts;
    for (Source& source : sources_of_tree()) texts[source.path] = std::move(source.text);
    std::string all;
    for (const auto& [path, text] : texts) {
        if (path.starts_with("tests/") || path.starts_with("docs/")) continue;
        const auto header = texts.find(path.substr(0, path.rfind('.')) + ".hpp");
        all += told(check_hidden_arrows(path, text, header == texts.end() ? "" : header->second));
    }
    EXPECT_EQ(all, "");
}

TEST(HiddenArrows, AreFound) {
    const std::string text =
        "#include \"properties/property.hpp\"\n// fakes::Cloud\nlifecycle::Machine machine;\n";
    EXPECT_EQ(told(check_hidden_arrows("properties/a.cpp", text, "")),
              "properties/a.cpp:3: names lifecycle:: and includes nothing of system/\n");
    EXPECT_TRUE(check_hidden_arrows("properties/a.cpp", text, "#include \"system/b.hpp\"").empty());
    EXPECT_TRUE(check_hidden_arrows("system/a.cpp", text, "").empty());
}

std::size_t broken(const std::string& path, const std::string& target) {
    Layers layers = drawn();
    return layers.check(path, "#include \"" + target + "\"\n").size();
}

TEST(Layers, AreFoundBrokenBetweenTheFoldersOfTheTree) {
    EXPECT_EQ(broken("system/api/api.cpp", "sim/world/tape.hpp"), 1U);
    EXPECT_EQ(broken("sim/world/world.cpp", "system/system.hpp"), 1U);
    EXPECT_EQ(broken("sim/world/trace.cpp", "sim/world/world.hpp"), 1U);
    EXPECT_EQ(broken("sim/world/tape.cpp", "sim/search/search.hpp"), 1U);
    EXPECT_EQ(broken("sim/search/a.cpp", "fakes/cloud.hpp"), 1U);
    EXPECT_EQ(broken("fakes/box.cpp", "system/store/store.hpp"), 1U);
    EXPECT_EQ(broken("fakes/box.cpp", "system/ports/http.hpp"), 0U);
    EXPECT_EQ(broken("scenarios/client/a.cpp", "system/server/options.hpp"), 1U);
    EXPECT_EQ(broken("properties/run.cpp", "reports/text.hpp"), 1U);
    EXPECT_EQ(broken("properties/run.cpp", "system/api/api.hpp"), 1U);
    EXPECT_EQ(broken("reports/text.cpp", "sim/world/world.hpp"), 1U);
    EXPECT_EQ(broken("reports/text.cpp", "scenarios/stage.hpp"), 1U);
    EXPECT_EQ(broken("reports/text.cpp", "properties/lifecycle_trial.hpp"), 1U);
    EXPECT_EQ(broken("reports/main.cpp", "properties/lifecycle_trial.hpp"), 0U);
}

TEST(Layers, AreFoundBrokenBetweenTheFoldersOfTheSystem) {
    EXPECT_EQ(broken("system/store/store.cpp", "system/rows/machines.hpp"), 1U);
    EXPECT_EQ(broken("system/lifecycle/readiness.cpp", "system/tasks/delegations.hpp"), 1U);
    EXPECT_EQ(broken("system/providers/redact.cpp", "system/identity/registration.hpp"), 1U);
    EXPECT_EQ(broken("system/identity/arbiter.cpp", "system/lifecycle/component.hpp"), 0U);
    EXPECT_EQ(broken("system/api/api.cpp", "system/system.hpp"), 1U);
    EXPECT_EQ(broken("system/api/api.cpp", "system/server/options.hpp"), 1U);
}

constexpr const char* kSmall =
    "| folder | may include | namespace |\n"
    "|---|---|---|\n"
    "| `a`, `a2` | `b` | x |\n"
    "| `b` | `c`, `d/e` | y |\n"
    "| `c` | `a2` | |\n"
    "| `d` | nothing of ours | |\n"
    "\n"
    "| folder | what is in it |\n"
    "| `d` | `a` |\n";

TEST(Layers, SeeACircleThatIsDrawn) {
    Layers layers(kSmall);
    EXPECT_TRUE(layers.check("a/1.cpp", "#include \"b/1.hpp\"\n").empty());
    EXPECT_TRUE(layers.check("b/1.cpp", "#include \"c/1.hpp\"\n").empty());
    EXPECT_TRUE(layers.circles().empty());
    EXPECT_TRUE(layers.check("c/1.cpp", "\n#include \"a2/1.hpp\"\n").empty());
    ASSERT_EQ(layers.circles().size(), 1U);
    EXPECT_EQ(layers.circles().front().message,
              "a circle: a/1.cpp includes b/1.hpp, b/1.cpp includes c/1.hpp, c/1.cpp includes "
              "a2/1.hpp");
}

TEST(Layers, SeeAnArrowThatNobodyGoesAlong) {
    Layers layers(kSmall);
    layers.check("a/1.cpp", "#include \"b/1.hpp\"\n#include \"a2/1.hpp\"\n");
    layers.check("b/1.cpp", "#include \"c/1.hpp\"\n#include \"d/e.hpp\"\n");
    EXPECT_EQ(told(layers.unused()), "docs/architecture.md:0: c includes nothing of a2\n");
}

TEST(Layers, SeeAFileThatStandsInNoRow) {
    Layers layers(kSmall);
    EXPECT_EQ(told(layers.check("e/1.cpp", "")),
              "e/1.cpp:0: stands in no row of docs/architecture.md\n");
    EXPECT_TRUE(layers.check("tests/1.cpp", "").empty());
}

TEST(Layers, AFileIsNotBelowAnotherWhoseNameItBeginsWith) {
    Layers layers(kSmall);
    EXPECT_EQ(layers.check("b/1.cpp", "#include \"d/else.hpp\"\n").size(), 1U);
    EXPECT_EQ(layers.check("d/1.cpp", "#include \"a/1.hpp\"\n").size(), 1U);
    EXPECT_TRUE(layers.check("tests/1.cpp", "#include \"a/1.hpp\"\n").empty());
}

}  // namespace
}  // namespace tidy
