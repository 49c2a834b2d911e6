#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

// What each function of system/rows reads and changes, said once more over plain rows.
namespace scenarios {

inline constexpr const char* kRowsAsAsked = "rows-as-asked";
inline constexpr const char* kRowsAsAskedSentence =
    "Each typed query tells the rows that it is asked for, in their order, and each typed update "
    "changes and tells what it says and nothing else, whatever else there is.";

using Record = std::map<std::string, std::string>;  // by column
using Table = std::vector<Record>;
// As they are after a call: those that somebody asked for, and all others as they were.
struct Tables {
    const std::map<std::string, Table>& before;
    std::map<std::string, Table> touched = {};
    std::vector<std::string> told = {};  // by who changes them

    Table& operator[](const std::string& name) {
        return touched.try_emplace(name, before.at(name)).first->second;
    }
};
using Where = std::function<bool(const Record&)>;
using Columns = std::initializer_list<std::pair<const char*, std::string>>;

Where is(std::initializer_list<std::pair<const char*, std::string>> values);
std::int64_t number(const Record& record, const char* column);
// How many there were.
std::int64_t change(Table& table, const Where& which, Columns values);
std::int64_t remove(Table& table, const Where& which);
// Those, by that column and then by the other: as numbers where they are.
Table sorted(const Table& table, const Where& which, const char* by, const char* then = "");
// Those columns of the first so many, each on a line of its own.
std::string told(const Table& table, std::initializer_list<const char*> columns,
                 std::int64_t limit = -1);
std::string text(lifecycle::Time time);
std::string text(bool value);
std::string text(std::int64_t number);
inline lifecycle::Time at(std::int64_t count) {
    return lifecycle::Time(lifecycle::Duration(count));
}

// A call of a function, and what it has to come to.
struct RowCheck {
    std::string function;
    std::string arguments;  // in words
    std::function<std::string(lifecycle::Tx&)> call;
    std::function<std::string(Tables&)> expected;
    bool tells = false;
};
using RowChecks = std::vector<RowCheck>;

// What there is before each call: several of everything.
void fill(lifecycle::Tx& tx);

void machine_checks(RowChecks& all);
void project_checks(RowChecks& all);
void volume_checks(RowChecks& all);
void delegation_checks(RowChecks& all);
void forgetting_checks(RowChecks& all);
void identity_checks(RowChecks& all);
// All of these.
RowChecks all_row_checks();

}  // namespace scenarios
