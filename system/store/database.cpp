#include "system/store/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace lifecycle {

// A prepared statement.
class Statement {
  public:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement, sqlite3_finalize) {}
    sqlite3_stmt* get() { return statement_.get(); }

  private:
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
};

std::int64_t Row::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Row::text(int column) const {
    sqlite3_stmt* statement = statement_.get();
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

namespace {

int primary_code(sqlite3* connection) {
    constexpr int kPrimary = 0xff;
    return sqlite3_extended_errcode(connection) & kPrimary;
}

std::optional<StoreUnavailable::Cause> passing_cause(sqlite3* connection) {
    switch (primary_code(connection)) {
        case SQLITE_BUSY: return StoreUnavailable::Cause::locked;
        case SQLITE_FULL: return StoreUnavailable::Cause::full;
        case SQLITE_IOERR: {
            // Growing the wal-index, or a quota: not every way of being full has that code.
            const int why = sqlite3_system_errno(connection);
            if (why == ENOSPC || why == EDQUOT) return StoreUnavailable::Cause::full;
            return std::nullopt;
        }
        default: return std::nullopt;
    }
}

}  // namespace

// One connection, and the statements that were prepared on it.
class Database::Connection {
  public:
    Connection(const std::string& path, const std::string& vfs);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    sqlite3* get() { return connection_; }
    Statement& prepare(std::string_view sql);
    // The same, with its values.
    Statement& prepare(std::string_view sql, std::initializer_list<Bound> values);
    // Throws what the connection's last error is.
    [[noreturn]] void fail(std::string_view doing) const;

  private:
    sqlite3* connection_ = nullptr;
    std::map<std::string, Statement, std::less<>> statements_;
};

Database::Connection::Connection(const std::string& path, const std::string& vfs) {
    const int opened = sqlite3_open_v2(
        path.c_str(), &connection_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        vfs.empty() ? nullptr : vfs.c_str());
    if (opened != SQLITE_OK) {
        const std::string why =
            connection_ != nullptr ? sqlite3_errmsg(connection_) : sqlite3_errstr(opened);
        sqlite3_close_v2(connection_);
        throw StoreFailure(fmt::format("opening {}: {}", path, why));
    }
    // Lookaside memory makes what a statement costs depend on the history of the process.
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
}

Database::Connection::~Connection() {
    statements_.clear();
    sqlite3_close_v2(connection_);
}

void Database::Connection::fail(std::string_view doing) const {
    const std::string what = fmt::format("{}: {}", doing, sqlite3_errmsg(connection_));
    // The store is as good as it was: whoever asked for this has a bug.
    if (primary_code(connection_) == SQLITE_CONSTRAINT) throw std::logic_error(what);
    if (const auto cause = passing_cause(connection_)) throw StoreUnavailable(*cause, what);
    throw StoreFailure(what);
}

Statement& Database::Connection::prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) {
        return found->second;
    }
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
        fail(sql);
    }
    return statements_.emplace(std::string(sql), statement).first->second;
}

Statement& Database::Connection::prepare(std::string_view sql,
                                         std::initializer_list<Bound> values) {
    Statement& prepared = prepare(sql);
    int position = 0;
    for (const Bound& bound : values) {
        ++position;
        int outcome = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&bound.value())) {
            outcome = sqlite3_bind_int64(prepared.get(), position, *number);
        } else {
            const std::string_view text = std::get<std::string_view>(bound.value());
            // A null pointer would bind NULL, and an empty text is not that.
            const char* bytes = text.data() == nullptr ? "" : text.data();
            outcome = sqlite3_bind_text(prepared.get(), position, bytes,
                                        static_cast<int>(text.size()), SQLITE_STATIC);
        }
        if (outcome != SQLITE_OK) fail(sql);
    }
    return prepared;
}

Database::Database(const std::string& path, const std::string& vfs)
    : connection_(std::make_unique<Connection>(path, vfs)) {}

Database::~Database() = default;

void Database::wait_for_locks(std::chrono::milliseconds at_most) {
    sqlite3_busy_timeout(connection_->get(), static_cast<int>(at_most.count()));
}

void Database::script(const char* sql) {
    if (sqlite3_exec(connection_->get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        connection_->fail(sql);
    }
}

std::int64_t Database::run(std::string_view sql, std::initializer_list<Bound> values) {
    Statement& statement = connection_->prepare(sql, values);
    // Also when it fails: the statement is used again.
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> reset(statement.get(),
                                                                      sqlite3_reset);
    const int outcome = sqlite3_step(statement.get());
    if (outcome != SQLITE_DONE && outcome != SQLITE_ROW) connection_->fail(sql);
    return sqlite3_changes64(connection_->get());
}

void Database::query(std::string_view sql, std::initializer_list<Bound> values,
                     const std::function<bool(const Row&)>& visit) {
    Statement& statement = connection_->prepare(sql, values);
    // Also when `visit` throws: the statement is used again.
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> reset(statement.get(),
                                                                      sqlite3_reset);
    const Row row(statement);
    int outcome = sqlite3_step(statement.get());
    while (outcome == SQLITE_ROW && visit(row)) outcome = sqlite3_step(statement.get());
    if (outcome != SQLITE_DONE && outcome != SQLITE_ROW) connection_->fail(sql);
}

std::string Database::table(const std::string& sql) {
    sqlite3_stmt* statement = connection_->prepare(sql).get();
    if (sqlite3_stmt_readonly(statement) == 0) {
        throw StoreFailure("only statements that read are answered");
    }
    const int columns = sqlite3_column_count(statement);
    std::string text;
    for (int column = 0; column < columns; ++column) {
        text += column == 0 ? "" : "\t";
        text += sqlite3_column_name(statement, column);
    }
    text += "\n";
    query(sql, {}, [&](const Row& row) {
        for (int column = 0; column < columns; ++column) {
            text += column == 0 ? "" : "\t";
            text += row.text(column);
        }
        text += "\n";
        return true;
    });
    return text;
}

void Database::collect_changes() {
    sqlite3_update_hook(
        connection_->get(),
        [](void* self, int operation, const char*, const char* table, sqlite3_int64 row) {
            static_cast<Database*>(self)->changes_.push_back(
                {table, row, operation == SQLITE_DELETE});
        },
        this);
}

}  // namespace lifecycle
