#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/tidy/source_rules.hpp"
#include "tests/tidy/tree.hpp"

namespace tidy {
namespace {

using Check = std::vector<Finding> (*)(const std::string&, std::string_view);

std::string findings_in_tree(Check check) {
    std::string all;
    for (const Source& source : sources_of_tree()) {
        all += told(check(source.path, source.text));
    }
    return all;
}

TEST(Tree, HasNoSourceOfNondeterminism) {
    EXPECT_EQ(findings_in_tree(check_determinism), "");
}
TEST(Tree, AwaitsOnlyInFormsThatEveryCompilerGetsRight) {
    EXPECT_EQ(findings_in_tree(check_coroutines), "");
}
TEST(Tree, ParsesJsonFromOutsideWithinLimits) {
    EXPECT_EQ(findings_in_tree(check_parsers), "");
}
TEST(Tree, IsMadeOfReadableFiles) {
    EXPECT_EQ(findings_in_tree(check_shape), "");
}

// Every match of the pattern's first group.
std::vector<std::string> all_named(const std::string& text, const char* pattern) {
    const std::regex named(pattern);
    std::vector<std::string> names;
    for (std::sregex_iterator found(text.begin(), text.end(), named), end; found != end; ++found) {
        names.push_back((*found)[1]);
    }
    return names;
}

std::string text_of_folders(std::initializer_list<const char*> folders) {
    std::string all;
    for (const Source& source : sources_of_tree()) {
        const bool inside = std::ranges::any_of(
            folders, [&](const char* folder) { return source.path.starts_with(folder); });
        if (inside) all += code_only(source.text);
    }
    return all;
}

// A source that no target names is compiled by nobody, and a test in it says nothing.
TEST(Tree, BuildsEverySource) {
    std::string left_out;
    for (const Source& source : sources_of_tree()) {
        // Those of other simulators need what is not installed: tests/bench/peers says how.
        if (!source.path.ends_with(".cpp") || source.path.starts_with("tests/bench/peers/"))
            continue;
        // The list of its folder, or of the nearest around it that has one.
        std::size_t slash = source.path.rfind('/');
        while (!is_there(source.path.substr(0, slash) + "/CMakeLists.txt")) {
            slash = source.path.rfind('/', slash - 1);
        }
        const std::string list = text_of(source.path.substr(0, slash) + "/CMakeLists.txt");
        const std::string name = source.path.substr(slash + 1);
        if (!list.contains(name)) left_out += source.path + "\n";
    }
    EXPECT_EQ(left_out, "");
}

// A property that overrides a hook of which nobody tells judges nothing.
TEST(Tree, TellsOfEveryHook) {
    const auto hooks = all_named(text_of("scenarios/watch/witness.hpp"), "virtual void (\\w+)\\(");
    EXPECT_GT(hooks.size(), 20U);
    const auto told =
        all_named(text_of_folders({"scenarios/", "properties/"}), "tell\\(\\s*&Witness::(\\w+)");
    for (const std::string& hook : hooks) {
        EXPECT_NE(std::ranges::find(told, hook), told.end()) << hook;
    }
}

// A property that is not in its file's list never judges.
TEST(Tree, ListsEveryProperty) {
    const std::string rules = text_of_folders({"properties/rules/"});
    const auto classes = all_named(rules, "class (\\w+) final : public (?:Calm|End)?Property\\b");
    EXPECT_GT(classes.size(), 50U);
    const auto made = all_named(rules, "make_unique<(\\w+)>");
    for (const std::string& property : classes) {
        EXPECT_NE(std::ranges::find(made, property), made.end()) << property;
    }
}

int count(Check check, const std::string& path, const std::string& text) {
    return static_cast<int>(check(path, text).size());
}

TEST(Determinism, IsFoundBroken) {
    for (const char* bad : {"#include <thread>",
                            "#include <mutex>",
                            "#include <random>",
                            "std::random_device d;",
                            "std::uniform_int_distribution<int> d;",
                            "std::unordered_map<int, int> m;",
                            "auto t = std::chrono::steady_clock::now();",
                            "std::chrono::system_clock::now();",
                            "time(nullptr);",
                            "clock_gettime(0, &t);",
                            "boost::asio::steady_timer t(e);",
                            "boost::asio::io_context c;",
                            "std::map<Node*, int> m;",
                            "std::set<const Node*> s;",
                            "getenv(\"HOME\");",
                            "setlocale(0, 0);",
                            "std::hash<std::string> h;",
                            "std::shuffle(a, b, c);",
                            "rand();",
                            "thread_local int x;"}) {
        for (const char* folder : {"system/x.cpp", "sim/x.cpp", "fakes/x.cpp", "scenarios/x.cpp"}) {
            EXPECT_GE(count(check_determinism, folder, std::string(bad) + "\n"), 1)
                << folder << ": " << bad;
        }
        EXPECT_EQ(count(check_determinism, "system/server/x.cpp", bad), 0) << bad;
        EXPECT_EQ(count(check_determinism, "reports/x.cpp", bad), 0) << bad;
    }
    for (const char* fine :
         {"// std::thread is what we do not use\n", "const char* s = \"rand()\";",
          "std::map<std::string, Node*> m;", "clock.now();", "brand(1);", "runtime(nullptr);",
          "R\"(steady_clock)\";"}) {
        EXPECT_EQ(count(check_determinism, "sim/x.cpp", fine), 0) << fine;
    }
}

TEST(Coroutines, AreFoundInBadForm) {
    for (const char* bad :
         {"co_await f([x] { g(x); });", "co_await f([&](Tx& tx) { return 1; });",
          "co_await f(Aggregate{1, 2});", "co_await f(a, {1, 2});", "co_await f({});",
          "if (co_await f()) g();", "while (!co_await f()) {}", "switch (co_await f()) {}",
          "auto x = b ? co_await f() : g();", "Result r{co_await f(), 3};",
          "co_spawn(e, f(), asio::detached);", "auto x = co_await f(\n    Aggregate{1});"}) {
        EXPECT_GE(count(check_coroutines, "system/x.cpp", bad), 1) << bad;
    }
    for (const char* fine :
         {"const auto x = co_await f(std::move(y));", "co_return co_await f(a, b);",
          "auto g = [x] { return x; };\nco_await f(g);", "co_return Done{\"x\", {}};",
          "for (;;) co_await f();", "if (a) co_return co_await f(b[0]);",
          "if (a) {\n co_await f(x);\n}", "co_await f(\"{}\", fmt::format(\"{}\", x));"}) {
        EXPECT_EQ(count(check_coroutines, "system/x.cpp", fine), 0) << fine;
    }
}

TEST(Parsers, AreFoundWithoutLimit) {
    const std::string bad = "auto j = nlohmann::json::parse(body, nullptr, false);\n";
    EXPECT_EQ(count(check_parsers, "system/api/x.cpp", bad), 1);
    EXPECT_EQ(count(check_parsers, "system/server/x.cpp", bad), 1);
    EXPECT_EQ(count(check_parsers, "system/model/json.cpp", bad), 0);
    EXPECT_EQ(count(check_parsers, "fakes/x.cpp", bad), 0);
    EXPECT_EQ(count(check_parsers, "system/api/x.cpp", "auto j = parse_json(body);\n"), 0);
}

TEST(Shape, IsFoundWrong) {
    EXPECT_EQ(count(check_shape, "sim/x.cpp", "int machine_count;\n"), 1);
    EXPECT_EQ(count(check_shape, "fakes/x.cpp", "int machine_count;\n"), 0);
    EXPECT_EQ(count(check_shape, "fakes/x.cpp", std::string(101, 'x') + "\n"), 1);
    std::string long_file;
    for (int i = 0; i < 501; ++i) long_file += "int x;\n";
    EXPECT_EQ(count(check_shape, "fakes/x.cpp", long_file), 1);
}

}  // namespace
}  // namespace tidy
