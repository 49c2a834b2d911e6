#include <gtest/gtest.h>

#include <cstddef>
#include <regex>
#include <set>
#include <string>

#include "scenarios/durable/row_checks.hpp"
#include "tests/tidy/tree.hpp"

namespace tidy {
namespace {

using scenarios::RowCheck;

// A function of system/rows that nobody calls here could change anything.
TEST(Rows, AreAllCalledInTheScenarioForThem) {
    const scenarios::RowChecks all = scenarios::all_row_checks();
    std::set<std::string> checked;
    for (const RowCheck& check : all) checked.insert(check.function);
    const std::regex declared(R"((\w+)\((?:Read)?Tx& tx)");
    std::size_t functions = 0;
    for (const Source& source : sources_of_tree()) {
        const std::string& text = source.text;
        if (!source.path.starts_with("system/rows/") || !source.path.ends_with(".hpp")) continue;
        for (std::sregex_iterator found(text.begin(), text.end(), declared), end; found != end;
             ++found) {
            ++functions;
            EXPECT_TRUE(checked.contains((*found)[1])) << (*found)[1] << " of " << source.path;
        }
    }
    EXPECT_GT(functions, 90U);
}

}  // namespace
}  // namespace tidy
