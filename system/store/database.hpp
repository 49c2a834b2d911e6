#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "system/model/store_failure.hpp"
#include "system/ports/time.hpp"

namespace lifecycle {

// A value bound to a statement. Texts must outlive the call that binds them.
class Bound {
  public:
    Bound(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
    Bound(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
    Bound(const char* text) : value_(std::string_view(text)) {}         // NOLINT
    Bound(std::int64_t number) : value_(number) {}  // NOLINT(google-explicit-constructor)
    const std::variant<std::int64_t, std::string_view>& value() const { return value_; }

  private:
    std::variant<std::int64_t, std::string_view> value_;
};

class Statement;

// The row that a statement stands on. Columns count from 0; a text is copied out.
class Row {
  public:
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    // A count of microseconds since the Unix epoch, as count_of() says it.
    Time time_at(int column) const { return Time(Duration(integer(column))); }

  private:
    friend class Database;
    explicit Row(Statement& statement) : statement_(statement) {}
    Statement& statement_;
};

// How a time is stored.
inline std::int64_t count_of(Time time) {
    return time.time_since_epoch().count();
}

// One row that changed in a transaction.
struct RowChange {
    std::string table;
    std::int64_t row = 0;  // SQLite's rowid
    bool deleted = false;
};

// One connection to one SQLite database. A failure throws StoreFailure; one that passes by itself,
// StoreUnavailable. What breaks a rule of the schema is a bug, not a failure: std::logic_error.
class Database {
  public:
    // `vfs` empty: the operating system's files.
    Database(const std::string& path, const std::string& vfs);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // How long a statement blocks, with its whole thread, while another process holds the lock.
    void wait_for_locks(std::chrono::milliseconds at_most);

    // Runs a script of statements without values.
    void script(const char* sql);

    // Runs one statement; returns how many rows it changed.
    std::int64_t run(std::string_view sql, std::initializer_list<Bound> values = {});

    // Calls `visit` for each row until it returns false.
    void query(std::string_view sql, std::initializer_list<Bound> values,
               const std::function<bool(const Row&)>& visit);

    // The answer of any query as text: a line of column names, then a line for each row, with tabs
    // between. For people who look at a database: a statement that would change it is refused.
    std::string table(const std::string& sql);

    // Collects what changes from now on; for whoever follows the store.
    void collect_changes();
    std::vector<RowChange> take_changes() { return std::exchange(changes_, {}); }

  private:
    class Connection;
    std::unique_ptr<Connection> connection_;
    std::vector<RowChange> changes_;
};

}  // namespace lifecycle
