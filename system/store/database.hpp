#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace lifecycle {

// The database can no longer be trusted to answer: the disk failed, or the file is damaged.
// The process has to die and start again from what is durable.
class StoreFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The database cannot take a transaction now, and will once others have let it: another process
// holds its lock, or its disk is full. Nothing was written.
class StoreUnavailable : public StoreFailure {
  public:
    enum class Cause : std::uint8_t { locked, full };
    StoreUnavailable(Cause cause, const std::string& what) : StoreFailure(what), cause_(cause) {}
    Cause cause() const { return cause_; }

  private:
    Cause cause_;
};

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

// The row that a statement stands on. Columns count from 0; a text is copied out.
class Row {
  public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
    std::int64_t integer(int column) const;
    std::string text(int column) const;

  private:
    sqlite3_stmt* statement_;
};

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
    sqlite3_stmt* prepare(std::string_view sql);
    void bind(sqlite3_stmt* statement, std::initializer_list<Bound> values);
    // Throws what the connection's last error is.
    [[noreturn]] void fail(std::string_view doing) const;

    sqlite3* connection_ = nullptr;
    std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
    std::vector<RowChange> changes_;
};

}  // namespace lifecycle
