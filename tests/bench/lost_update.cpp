#include <fmt/format.h>
#include <malloc.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "sim/disk/disk.hpp"
#include "system/store/database.hpp"
#include "tests/support/lost_update.hpp"

// How many schedules of the lost-update race this simulator runs in a second, on one core. Each
// line: what, schedules a second, steps a second, share of schedules in which an update was lost.
// Schedules are told apart by seed, and each has a world of its own.
namespace {

using sim::search::SearchPlan;

struct Tally {
    std::uint64_t schedules = 0;
    std::uint64_t steps = 0;
    std::uint64_t lost = 0;
};

// Runs schedule after schedule for about that long.
void measure(const std::string& what, double seconds,
             const std::function<void(std::uint64_t seed, Tally& tally)>& schedule) {
    using Clock = std::chrono::steady_clock;
    Tally tally;
    const auto begin = Clock::now();
    double elapsed = 0;
    while (elapsed < seconds) {
        for (int i = 0; i < 100; ++i) schedule(++tally.schedules, tally);
        elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    fmt::print("{:<44} {:>9.0f} schedules/s {:>11.0f} steps/s {:>7.3f} lost\n", what,
               static_cast<double>(tally.schedules) / elapsed,
               static_cast<double>(tally.steps) / elapsed,
               static_cast<double>(tally.lost) / static_cast<double>(tally.schedules));
}

void tasks(const char* strategy, int steps, double seconds) {
    tests::LostUpdate race(steps);
    sim::Recorder calm;
    race.run(std::make_unique<sim::CalmSource>(), &calm);
    const SearchPlan plan{*sim::search::parse_strategy(strategy),
                          {},
                          std::make_shared<sim::search::Profile>(sim::search::profile_of(calm))};
    measure(fmt::format("vivarium {}, tasks, 2x{}", strategy, steps), seconds,
            [&](std::uint64_t seed, Tally& tally) {
                const tests::RaceOutcome outcome = race.run(sim::search::make_source(plan, seed));
                tally.steps += outcome.steps;
                tally.lost += outcome.lost ? 1 : 0;
            });
}

// A client as a coroutine: yields, reads, yields, writes, yields.
boost::asio::awaitable<void> client(boost::asio::any_io_executor executor, int steps,
                                    std::function<int()> read, std::function<void(int)> write) {
    int seen = 0;
    for (int step = 0; step < steps; ++step) {
        if (step == steps / 2) seen = read();
        if (step == steps / 2 + 1) write(seen + 1);
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
}

void run_clients(sim::World& world, sim::Process& process, int steps,
                 const std::function<int()>& read, const std::function<void(int)>& write) {
    for (int i = 0; i < 2; ++i) {
        boost::asio::co_spawn(process.executor(), client(process.executor(), steps, read, write),
                              [](std::exception_ptr failure) {
                                  if (failure) std::rethrow_exception(failure);
                              });
    }
    world.run_until(std::chrono::seconds(1));
}

void coroutines(int steps, double seconds) {
    const SearchPlan plan{*sim::search::parse_strategy("random"), {}, nullptr};
    measure(fmt::format("vivarium random, Asio coroutines, 2x{}", steps), seconds,
            [&](std::uint64_t seed, Tally& tally) {
                sim::Tape tape(sim::search::make_source(plan, seed));
                sim::Trace trace;
                sim::World world(tape, trace);
                sim::Process& process = world.add_process("counter", "counter");
                process.boot();
                int counter = 0;
                run_clients(
                    world, process, steps, [&] { return counter; },
                    [&](int value) { counter = value; });
                tally.steps += 2 * static_cast<std::uint64_t>(steps);
                tally.lost += counter != 2 ? 1 : 0;
            });
}

std::vector<char> migrated_image() {
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    sim::Trace trace;
    sim::World world(tape, trace);
    sim::Process& process = world.add_process("server", "server");
    process.boot();
    {
        lifecycle::Database database("race.db", process.disk().vfs_name());
        database.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        database.script(
            "CREATE TABLE counter (id INTEGER PRIMARY KEY, n BIGINT NOT NULL,"
            " steps BIGINT NOT NULL); INSERT INTO counter VALUES (1, 0, 0)");
    }
    return process.disk().content("race.db");
}

// Every step is a durable transaction on a simulated disk; each schedule begins with a copy of a
// migrated database.
void with_sqlite(int steps, double seconds) {
    const SearchPlan plan{*sim::search::parse_strategy("random"), {}, nullptr};
    const std::vector<char> image = migrated_image();
    measure(fmt::format("vivarium random, SQLite at each step, 2x{}", steps), seconds,
            [&](std::uint64_t seed, Tally& tally) {
                sim::Tape tape(sim::search::make_source(plan, seed));
                tape.calm_faults();
                sim::Trace trace;
                sim::World world(tape, trace);
                sim::Process& process = world.add_process("server", "server");
                process.boot();
                process.disk().load("race.db", image);
                lifecycle::Database database("race.db", process.disk().vfs_name());
                database.script("PRAGMA synchronous = FULL");
                int left[2] = {steps, steps};
                std::int64_t seen[2] = {0, 0};
                std::function<void(int)> step = [&](int who) {
                    const int at = steps - left[who];
                    database.run("BEGIN IMMEDIATE");
                    if (at == steps / 2 + 1) {
                        database.run("UPDATE counter SET n = ?, steps = steps + 1 WHERE id = 1",
                                     {seen[who] + 1});
                    } else {
                        database.run("UPDATE counter SET steps = steps + 1 WHERE id = 1");
                    }
                    if (at == steps / 2) {
                        database.query("SELECT n FROM counter WHERE id = 1", {},
                                       [&](const lifecycle::Row& row) {
                                           seen[who] = row.integer(0);
                                           return false;
                                       });
                    }
                    database.run("COMMIT");
                    process.emit("step", {{"who", std::int64_t{who}}});
                    if (--left[who] > 0) process.post([&, who] { step(who); });
                };
                for (int who = 0; who < 2; ++who) process.post([&, who] { step(who); });
                world.run_until(std::chrono::seconds(1));
                std::int64_t counter = 0;
                database.query("SELECT n FROM counter", {}, [&](const lifecycle::Row& row) {
                    counter = row.integer(0);
                    return false;
                });
                tally.steps += 2 * static_cast<std::uint64_t>(steps);
                tally.lost += counter != 2 ? 1 : 0;
            });
}

}  // namespace

int main(int count, char** words) {
    // As `vivarium` does: what one world gives back the next one takes.
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
    const double seconds = count > 1 ? std::stod(words[1]) : 2;
    for (const char* strategy : {"random", "urw", "pct:2", "pct:3", "fifo"}) {
        tasks(strategy, 10, seconds);
    }
    tasks("random", 20, seconds);
    coroutines(10, seconds);
    with_sqlite(10, seconds);
    with_sqlite(100, seconds);
}
