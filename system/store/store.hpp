#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "system/concurrency/signal.hpp"
#include "system/model/error.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/suspend.hpp"
#include "system/ports/telemetry.hpp"
#include "system/ports/time.hpp"
#include "system/store/database.hpp"

namespace lifecycle {

// What a transaction that reads may do: it sees one state of the whole database. It lives only
// inside the closure that it is given to.
class ReadTx {
  public:
    explicit ReadTx(Database& database) : database_(database) {}
    ReadTx(const ReadTx&) = delete;
    ReadTx& operator=(const ReadTx&) = delete;

    // The first row, made into a value by `make`; nothing if there is none.
    template <class Make>
    auto first(std::string_view sql, std::initializer_list<Bound> values, Make make) {
        std::optional<decltype(make(std::declval<const Row&>()))> found;
        database_.query(sql, values, [&](const Row& row) {
            found.emplace(make(row));
            return false;
        });
        return found;
    }

    // Every row, made into a value by `make`, in the order of the statement.
    template <class Make>
    auto all(std::string_view sql, std::initializer_list<Bound> values, Make make) {
        std::vector<decltype(make(std::declval<const Row&>()))> found;
        database_.query(sql, values, [&](const Row& row) {
            found.push_back(make(row));
            return true;
        });
        return found;
    }

  protected:
    Database& database() { return database_; }

  private:
    Database& database_;
};

// What a transaction that writes may do.
class Tx : public ReadTx {
  public:
    using ReadTx::ReadTx;

    // Runs one statement; returns how many rows it changed.
    std::int64_t run(std::string_view sql, std::initializer_list<Bound> values = {}) {
        return database().run(sql, values);
    }

    // Tells telemetry once the transaction is committed, and not at all if it is not.
    void tell(std::string_view name, std::initializer_list<Fact> facts);

  private:
    friend class Store;
    struct Told {
        std::string_view name;
        std::vector<std::pair<std::string_view, std::variant<std::int64_t, std::string>>> facts;
    };

    std::vector<Told> told_;
};

// Hears of every commit, right after it and before anybody else runs.
class CommitFollower {
  public:
    virtual ~CommitFollower() = default;
    virtual void on_commit(ReadTx& tx, const std::vector<RowChange>& changes) = 0;
};

// The durable state of the control plane.
class Store {
  public:
    struct Options {
        std::string path;
        std::string vfs;  // empty: the operating system's files
        CommitFollower* follower = nullptr;
        Telemetry* telemetry = nullptr;
        // By which a transaction waits for a lock that another process holds; null: not at all.
        Clock* clock = nullptr;
    };

    // Opens the database and brings its schema up to date. An unreadable database, or one that a
    // newer version wrote, is an error; a disk that fails throws StoreFailure.
    static Result<std::unique_ptr<Store>> open(Options options,
                                               boost::asio::any_io_executor executor);

    // Runs the closure as one transaction and returns what it returned. All of it is durable then;
    // none of it if the closure returned a Result that is an error, or threw. A closure that cannot
    // fail returns a plain value, or nothing, and so leaves nothing to check.
    // The closure is synchronous, has no effect but through the Tx, and may be run again after a
    // conflict. Others may run before and after it, and the process may die.
    // Throws StoreUnavailable if the disk is full, or another process held the lock for kMaxWait:
    // what it should have written is not there, unless the process dies before the next commit.
    template <class Body>
    boost::asio::awaitable<std::invoke_result_t<Body&, Tx&>> transact(Body body) {
        return in_turn<Tx, std::invoke_result_t<Body&, Tx&>>(std::move(body));
    }

    // The same for a closure that only reads. It needs no lock and no space on the disk: it goes on
    // while nobody can write.
    template <class Body>
    boost::asio::awaitable<std::invoke_result_t<Body&, ReadTx&>> read(Body body) {
        return in_turn<ReadTx, std::invoke_result_t<Body&, ReadTx&>>(std::move(body));
    }

    // The same within the caller's turn, blocking while another process holds the lock: for
    // starting up, and for looking from outside.
    template <class Body>
    std::invoke_result_t<Body&, Tx&> transact_now(Body& body) {
        database_.wait_for_locks(kMaxBlocked);
        return run<Tx>(body);
    }
    template <class Body>
    std::invoke_result_t<Body&, ReadTx&> read_now(Body& body) {
        database_.wait_for_locks(kMaxBlocked);
        return run<ReadTx>(body);
    }

    // How many transactions were given up so far because the store was unavailable: while that
    // grows, rows that stay as they were say nothing of the world.
    std::uint64_t refusals() const { return refusals_; }

    // How long a transaction waits for a lock that another process holds.
    static constexpr Duration kMaxWait = std::chrono::seconds(2);

  private:
    static constexpr std::chrono::milliseconds kMaxBlocked{5000};

    template <class T>
    static bool is_value(const Result<T>& outcome) {
        return outcome.has_value();
    }
    template <class T>
    static bool is_value(const T& /*plain*/) {
        return true;
    }

    // Rolls back unless committed.
    class Transaction {
      public:
        Transaction(Store& store, std::string_view begin);
        ~Transaction();
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;
        void commit(const Tx& tx);

      private:
        Store& store_;
        bool open_ = true;
    };

    template <class Access, class Body>
    std::invoke_result_t<Body&, Access&> run(Body& body) {
        constexpr bool kWrites = std::is_same_v<Access, Tx>;
        Access tx(database_);
        Transaction transaction(*this, kWrites ? "BEGIN IMMEDIATE" : "BEGIN");
        if constexpr (std::is_void_v<std::invoke_result_t<Body&, Access&>>) {
            body(tx);
            if constexpr (kWrites) transaction.commit(tx);
        } else {
            auto outcome = body(tx);
            if constexpr (kWrites) {
                if (is_value(outcome)) transaction.commit(tx);
            }
            return outcome;
        }
    }

    // A coroutine for each type of answer, and not for each closure: they are many, and what a
    // coroutine costs a compiler is most of what this header costs it.
    template <class Access, class Answer>
    boost::asio::awaitable<Answer> in_turn(std::move_only_function<Answer(Access&)> body) {
        if constexpr (std::is_void_v<Answer>) {
            std::move_only_function<void()> attempt = [&] { run<Access>(body); };
            co_await until_run(std::move(attempt));
        } else {
            std::optional<Answer> answer;
            std::move_only_function<void()> attempt = [&] { answer.emplace(run<Access>(body)); };
            co_await until_run(std::move(attempt));
            co_return *std::move(answer);
        }
    }

    // Runs it in a turn of its own, again while another process holds the lock, until there is no
    // patience left.
    boost::asio::awaitable<void> until_run(std::move_only_function<void()> attempt);
    // False if another process holds the lock and there is patience left.
    bool ran(std::move_only_function<void()>& attempt, bool patient);

    Store(const Options& options, boost::asio::any_io_executor executor);

    Database database_;
    boost::asio::any_io_executor executor_;
    CommitFollower* follower_;
    Telemetry* telemetry_;
    Clock* clock_;
    std::uint64_t refusals_ = 0;
};

}  // namespace lifecycle
