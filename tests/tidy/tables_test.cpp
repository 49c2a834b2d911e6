#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "system/store/database.hpp"
#include "tests/support/sim_fixture.hpp"
#include "tests/tidy/tree.hpp"

// Somebody has thought of what becomes of every table's rows, and of who judges them.
namespace tidy {
namespace {

using Reasons = std::map<std::string, std::string>;

// Tables whose rows no age makes go away.
const Reasons kKept = {
    {"project", "a name that was used stays used"},
    {"github_binding", "ends with its project, or by a request"},
    {"quarantine", "ends when the provider has the resource no more"},
    {"timeline", "has one row"},
    {"installation", "has one row"},
    {"identity_key", "has one row"},
    {"schema_version", "has one row"},
};

// Tables that the shadow, and so no property, reads.
const Reasons kUnwatched = {
    {"github_binding", "shows in what becomes of a push"},
    {"machine_history", "is told to people"},
    {"presence", "shows in whether a project is said to be online"},
    {"timeline", "is how the clock survives a restart"},
    {"identity_key", "never changes while a server runs"},
    {"schema_version", "never changes while a server runs"},
};

std::set<std::string> tables_of_a_database() {
    tests::SimFixture at;
    const auto store = at.open_store();
    std::set<std::string> tables;
    auto read = [](lifecycle::ReadTx& tx) {
        return tx.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", {},
                      [](const lifecycle::Row& row) { return row.text(0); });
    };
    for (std::string& name : at.complete(store->read(read))) {
        if (!name.starts_with("sqlite_")) tables.insert(std::move(name));
    }
    return tables;
}

// Those that the text does not say that of, and nobody has said why.
std::set<std::string> unsaid(const std::set<std::string>& tables, const std::string& text,
                             const std::string& before, const std::string& after,
                             const Reasons& reasons) {
    std::set<std::string> left;
    for (const std::string& table : tables) {
        const bool said = text.contains(fmt::format("{}{}{}", before, table, after));
        if (said == reasons.contains(table)) left.insert(table);
    }
    return left;
}

TEST(Tables, AreForgottenOrKeptForAReason) {
    const auto tables = tables_of_a_database();
    EXPECT_GT(tables.size(), 10U);
    EXPECT_EQ(
        unsaid(tables, text_of("system/rows/forgetting.cpp"), "DELETE FROM ", " WHERE", kKept),
        std::set<std::string>());
}

TEST(Tables, AreWatchedOrLeftAloneForAReason) {
    EXPECT_EQ(unsaid(tables_of_a_database(), text_of("scenarios/watch/shadow.cpp"),
                     "change.table == \"", "\"", kUnwatched),
              std::set<std::string>());
}

TEST(Tables, AreFoundUnsaid) {
    EXPECT_EQ(unsaid({"a", "b", "c", "ab"}, "DELETE FROM a WHERE; DELETE FROM b WHERE",
                     "DELETE FROM ", " WHERE", {{"b", "both"}, {"c", "kept"}}),
              (std::set<std::string>{"b", "ab"}));
}

}  // namespace
}  // namespace tidy
