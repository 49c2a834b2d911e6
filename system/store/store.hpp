#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "system/model/error.hpp"
#include "system/ports/suspend.hpp"
#include "system/ports/telemetry.hpp"
#include "system/ports/time.hpp"
#include "system/store/database.hpp"

namespace lifecycle {

// How a time is stored.
inline std::int64_t count_of(Time time) {
    return time.time_since_epoch().count();
}

// What a transaction may do. It lives only inside the closure that it is given to.
class Tx {
  public:
    explicit Tx(Database& database) : database_(database) {}
    Tx(const Tx&) = delete;
    Tx& operator=(const Tx&) = delete;

    // Runs one statement; returns how many rows it changed.
    std::int64_t run(std::string_view sql, std::initializer_list<Bound> values = {}) {
        return database_.run(sql, values);
    }

    // Tells telemetry once the transaction is committed, and not at all if it is not.
    void tell(std::string_view name, std::initializer_list<Fact> facts);

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

  private:
    friend class Store;
    struct Told {
        std::string_view name;
        std::vector<std::pair<std::string_view, std::variant<std::int64_t, std::string>>> facts;
    };

    Database& database_;
    std::vector<Told> told_;
};

// Hears of every commit, right after it and before anybody else runs. Must only read.
class CommitFollower {
  public:
    virtual ~CommitFollower() = default;
    virtual void on_commit(Tx& tx, const std::vector<RowChange>& changes) = 0;
};

// The durable state of the control plane.
class Store {
  public:
    struct Options {
        std::string path;
        std::string vfs;  // empty: the operating system's files
        CommitFollower* follower = nullptr;
        Telemetry* telemetry = nullptr;
    };

    // Opens the database and brings its schema up to date. An unreadable database, or one that a
    // newer version wrote, is an error; a disk that fails throws StoreFailure.
    static Result<std::unique_ptr<Store>> open(Options options,
                                               boost::asio::any_io_executor executor);

    // Who hears from now on what transactions tell; must outlive the store.
    void tell_to(Telemetry& telemetry) { telemetry_ = &telemetry; }

    // Runs the closure, which returns a Result, as one transaction: all of it is durable when this
    // returns a value, none of it if the closure returned an error or threw. The closure is
    // synchronous, has no effect but through the Tx, and may be run again after a conflict.
    // Others may run before and after it, and the process may die.
    template <class Body>
    boost::asio::awaitable<std::invoke_result_t<Body&, Tx&>> transact(Body body) {
        co_await take_turn(executor_);
        auto outcome = transact_now(body);
        co_await take_turn(executor_);
        co_return outcome;
    }

    // The same within the caller's turn: for starting up, and for looking from outside.
    template <class Body>
    std::invoke_result_t<Body&, Tx&> transact_now(Body& body) {
        Tx tx(database_);
        Transaction transaction(*this);
        auto outcome = body(tx);
        if (outcome) transaction.commit(tx);
        return outcome;
    }

  private:
    // Rolls back unless committed.
    class Transaction {
      public:
        explicit Transaction(Store& store);
        ~Transaction();
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;
        void commit(const Tx& tx);

      private:
        Store& store_;
        bool open_ = true;
    };

    Store(const Options& options, boost::asio::any_io_executor executor);

    Database database_;
    boost::asio::any_io_executor executor_;
    CommitFollower* follower_;
    Telemetry* telemetry_;
};

}  // namespace lifecycle
