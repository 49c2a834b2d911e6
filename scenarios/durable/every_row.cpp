#include "scenarios/durable/every_row.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <tuple>

#include "scenarios/cluster/image.hpp"
#include "scenarios/durable/row_checks.hpp"
#include "sim/disk/disk.hpp"
#include "sim/search/simple_trial.hpp"
#include "system/ports/telemetry.hpp"

namespace scenarios {
namespace {

constexpr const char* kDatabase = "rows.db";

class EveryRow final : public sim::search::SimpleTrial, public lifecycle::Telemetry {
  public:
    using Telemetry::record;
    void record(std::string_view what, std::span<const lifecycle::Fact> facts) override {
        std::string line(what);
        for (const lifecycle::Fact& fact : facts) {
            const auto* count = std::get_if<std::int64_t>(&fact.value);
            line +=
                fmt::format(" {}={}", fact.name,
                            count != nullptr ? std::to_string(*count)
                                             : std::string(std::get<std::string_view>(fact.value)));
        }
        told_.push_back(std::move(line));
    }

  protected:
    void begin() override {
        sim::Process& process = add_process("reader");
        process.disk().load(kDatabase, migrated_database());
        process.post([this, &process] { try_all(process); });
    }
    void judge() override { expect(ended_, kRowsAsAsked, "not all was tried"); }

  private:
    void try_all(sim::Process& process) {
        const auto store = open_store(kDatabase, process, nullptr, this);
        const auto put = [](lifecycle::Tx& tx) { fill(tx); };
        store->transact_now(put);
        const auto see = [this](lifecycle::Tx& tx) {
            learn_columns(tx);
            for (const auto& [name, columns] : columns_) {
                before_[name] = read(tx, name);
                text_before_[name] = text_of(tx, name);
            }
        };
        store->transact_now(see);
        for (const RowCheck& check : all_row_checks()) {
            Tables expected{before_};
            const std::string answer = check.expected(expected);
            told_.clear();
            const auto attempt = [&](lifecycle::Tx& tx) -> lifecycle::Result<bool> {
                judge_call(tx, check, answer, expected);
                if (check.tells) return true;
                return std::unexpected(
                    lifecycle::Error(lifecycle::ErrorCode::internal, "undone", ""));
            };
            static_cast<void>(store->transact_now(attempt));
            if (!check.tells) continue;
            judge_that(told_ == expected.told, check, fmt::format("it tells {}", told_));
            store->transact_now(put);
        }
        ended_ = true;
    }

    void judge_call(lifecycle::Tx& tx, const RowCheck& check, const std::string& answer,
                    Tables& expected) {
        const std::int64_t changes = changes_so_far(tx);
        std::string seen;
        try {
            seen = check.call(tx);
        } catch (const std::logic_error& refused) {
            seen = "refused";
        }
        judge_that(seen == answer, check, fmt::format("it is \"{}\" and not \"{}\"", seen, answer));
        const bool changed = changes_so_far(tx) != changes;
        for (const auto& [name, columns] : columns_) {
            const bool touched = expected.touched.contains(name);
            const bool same = !changed || text_of(tx, name) == text_before_[name];
            if (same && !touched) continue;
            Table after = same ? before_[name] : read(tx, name);
            Table& wanted = expected[name];
            if (after == wanted) continue;
            std::ranges::sort(after);
            std::ranges::sort(wanted);
            judge_that(after == wanted, check, difference(name, wanted, after));
        }
    }

    static std::int64_t changes_so_far(lifecycle::Tx& tx) {
        return tx
            .first("SELECT total_changes()", {},
                   [](const lifecycle::Row& row) { return row.integer(0); })
            .value();
    }

    static std::string difference(const std::string& name, const Table& expected,
                                  const Table& seen) {
        for (const Record& record : seen) {
            if (std::ranges::find(expected, record) == expected.end()) {
                return fmt::format("{} has the row {}", name, record);
            }
        }
        return fmt::format("{} has {} rows and not {}", name, seen.size(), expected.size());
    }

    void learn_columns(lifecycle::Tx& tx) {
        const auto names = tx.all(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' ORDER BY m.name, c.cid",
            {}, [](const lifecycle::Row& row) { return std::pair(row.text(0), row.text(1)); });
        for (const auto& [table, column] : names) columns_[table].push_back(column);
        for (const auto& [table, columns] : columns_) {
            texts_[table] = fmt::format(
                "SELECT group_concat({}) FROM (SELECT * FROM {} ORDER BY rowid)",
                fmt::format("quote({})", fmt::join(columns, ") || '|' || quote(")), table);
        }
    }

    // All of it, to see whether anything changed.
    std::string text_of(lifecycle::Tx& tx, const std::string& table) {
        return tx.first(texts_[table], {}, [](const lifecycle::Row& row) { return row.text(0); })
            .value();
    }

    Table read(lifecycle::Tx& tx, const std::string& name) {
        const std::vector<std::string>& columns = columns_[name];
        return tx.all(fmt::format("SELECT * FROM {} ORDER BY rowid", name), {},
                      [&columns](const lifecycle::Row& row) {
                          Record record;
                          for (int i = 0; i < std::ssize(columns); ++i) {
                              record[columns[i]] = row.text(i);
                          }
                          return record;
                      });
    }

    void judge_that(bool held, const RowCheck& check, const std::string& message) const {
        if (held) return;
        expect(false, kRowsAsAsked,
               fmt::format("{} of {}: {}", check.function, check.arguments, message));
    }

    std::map<std::string, std::vector<std::string>> columns_;
    std::map<std::string, std::string> texts_;  // the statements for it
    std::map<std::string, std::string> text_before_;
    std::map<std::string, Table> before_;
    std::vector<std::string> told_;
    bool ended_ = false;
};

}  // namespace

Where is(std::initializer_list<std::pair<const char*, std::string>> values) {
    return
        [wanted = std::vector<std::pair<const char*, std::string>>(values)](const Record& record) {
            return std::ranges::all_of(
                wanted, [&](const auto& each) { return record.at(each.first) == each.second; });
        };
}

std::int64_t number(const Record& record, const char* column) {
    return std::stoll(record.at(column));
}

std::int64_t change(Table& table, const Where& which, Columns values) {
    std::int64_t changed = 0;
    for (Record& record : table) {
        if (!which(record)) continue;
        ++changed;
        for (const auto& [column, value] : values) record[column] = value;
    }
    return changed;
}

std::int64_t remove(Table& table, const Where& which) {
    return static_cast<std::int64_t>(std::erase_if(table, which));
}

Table sorted(const Table& table, const Where& which, const char* by, const char* then) {
    const auto key = [](const Record& record, const char* column) {
        const std::string value = *column == 0 ? "" : record.at(column);
        const bool counts =
            !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
        return std::pair(counts ? std::stoll(value) : -1, value);
    };
    const auto before = [&](const Record& one, const Record& other) {
        return std::pair(key(one, by), key(one, then)) <
               std::pair(key(other, by), key(other, then));
    };
    Table some;
    for (const Record& record : table) {
        if (which(record)) some.insert(std::ranges::upper_bound(some, record, before), record);
    }
    return some;
}

std::string told(const Table& table, std::initializer_list<const char*> columns,
                 std::int64_t limit) {
    std::string lines;
    for (const Record& record : table) {
        if (limit-- == 0) break;
        for (const char* column : columns) lines += record.at(column) + "|";
        lines += "\n";
    }
    return lines;
}

std::string text(lifecycle::Time time) {
    return std::to_string(lifecycle::count_of(time));
}
std::string text(bool value) {
    return value ? "1" : "0";
}
std::string text(std::int64_t number) {
    return std::to_string(number);
}

RowChecks all_row_checks() {
    RowChecks all;
    machine_checks(all);
    project_checks(all);
    volume_checks(all);
    delegation_checks(all);
    forgetting_checks(all);
    identity_checks(all);
    return all;
}

std::vector<sim::search::Scenario> every_row() {
    return {sim::search::scenario<EveryRow>(
        "every-row", "Each query and each update of rows, on several of everything.")};
}

}  // namespace scenarios
