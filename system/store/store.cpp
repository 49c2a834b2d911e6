#include "system/store/store.hpp"

#include <utility>

#include "system/store/schema.hpp"

namespace lifecycle {

Store::Store(const Options& options, boost::asio::any_io_executor executor)
    : database_(options.path, options.vfs),
      executor_(std::move(executor)),
      follower_(options.follower),
      telemetry_(options.telemetry),
      clock_(options.clock) {}

namespace {

// SQLite does not wait for a lock when it switches to the write-ahead log, since it reads already
// when it finds the lock taken. The next transaction that writes does wait, and after it the
// switch has been made by another process or is tried again.
void write_ahead(Database& database) {
    // Each failure is another's turn at the lock, and after one switch there is none to make.
    constexpr int kMaxTries = 100;
    for (int tries = 1;; ++tries) {
        try {
            database.script("PRAGMA journal_mode = WAL");
            return;
        } catch (const StoreUnavailable& failure) {
            const bool locked = failure.cause() == StoreUnavailable::Cause::locked;
            if (!locked || tries == kMaxTries) throw;
        }
        database.run("BEGIN IMMEDIATE");
        database.run("ROLLBACK");
    }
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options, boost::asio::any_io_executor executor) {
    std::unique_ptr<Store> store(new Store(options, std::move(executor)));
    store->database_.wait_for_locks(kMaxBlocked);
    write_ahead(store->database_);
    // The log is synced at each commit: what a commit said is durable.
    store->database_.script(
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;");
    if (auto migrated = migrate(store->database_, options.path); !migrated) {
        return std::unexpected(std::move(migrated.error()));
    }
    if (options.follower != nullptr) store->database_.collect_changes();
    return store;
}

Store::Transaction::Transaction(Store& store, std::string_view begin) : store_(store) {
    store_.database_.run(begin);
}

Store::Transaction::~Transaction() {
    if (!open_) return;
    try {
        store_.database_.run("ROLLBACK");
    } catch (const StoreFailure&) {
        // SQLite has rolled back already, or will when the database is next opened.
        open_ = false;
    }
    store_.database_.take_changes();
}

void Store::Transaction::commit(const Tx& tx) {
    store_.database_.run("COMMIT");
    open_ = false;
    if (store_.telemetry_ != nullptr) {
        for (const Tx::Told& told : tx.told_) {
            std::vector<Fact> facts;
            for (const auto& [name, value] : told.facts) {
                if (const auto* number = std::get_if<std::int64_t>(&value)) {
                    facts.emplace_back(name, *number);
                } else {
                    facts.emplace_back(name, std::get<std::string>(value));
                }
            }
            store_.telemetry_->record(told.name, facts);
        }
    }
    if (store_.follower_ == nullptr) return;
    const std::vector<RowChange> changes = store_.database_.take_changes();
    if (changes.empty()) return;
    ReadTx look(store_.database_);
    store_.follower_->on_commit(look, changes);
}

boost::asio::awaitable<void> Store::until_run(std::move_only_function<void()> attempt) {
    constexpr Duration kFirstPause = std::chrono::milliseconds(4);
    Duration waited{0};
    for (Duration pause = kFirstPause;; pause *= 2) {
        co_await take_turn(executor_);
        // The thread serves everybody: it never waits for a lock.
        database_.wait_for_locks(std::chrono::milliseconds(0));
        if (ran(attempt, clock_ != nullptr && waited < kMaxWait)) break;
        co_await idle_for(clock_, pause);
        waited += pause;
    }
    co_await take_turn(executor_);
}

bool Store::ran(std::move_only_function<void()>& attempt, bool patient) {
    try {
        attempt();
        return true;
    } catch (const StoreUnavailable& why) {
        if (patient && why.cause() == StoreUnavailable::Cause::locked) return false;
        ++refusals_;
        throw;
    }
}

void Tx::tell(std::string_view name, std::initializer_list<Fact> facts) {
    Told told{name, {}};
    for (const Fact& fact : facts) {
        if (const auto* number = std::get_if<std::int64_t>(&fact.value)) {
            told.facts.emplace_back(fact.name, *number);
        } else {
            told.facts.emplace_back(fact.name, std::string(std::get<std::string_view>(fact.value)));
        }
    }
    told_.push_back(std::move(told));
}

}  // namespace lifecycle
