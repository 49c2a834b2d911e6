#include <benchmark/benchmark.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "properties/lifecycle_trial.hpp"
#include "scenarios/catalog/catalog.hpp"
#include "sim/disk/disk.hpp"
#include "sim/world/seeded_source.hpp"
#include "sim/world/world.hpp"
#include "system/store/database.hpp"

namespace {

boost::asio::awaitable<void> yield(boost::asio::any_io_executor executor, int times) {
    for (int i = 0; i < times; ++i) {
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
}

// Steps of coroutines that do nothing, side by side, each picked from the run queue by the tape.
void coroutine_steps(benchmark::State& state) {
    const auto width = static_cast<int>(state.range(0));
    constexpr int kSteps = 10'000;
    for (auto _ : state) {
        sim::Tape tape(std::make_unique<sim::SeededSource>(1));
        sim::Trace trace;
        sim::World world(tape, trace);
        sim::Process& process = world.add_process("p", "p");
        process.boot();
        for (int i = 0; i < width; ++i) {
            boost::asio::co_spawn(process.executor(), yield(process.executor(), kSteps / width),
                                  [](std::exception_ptr) {});
        }
        world.run_until(std::chrono::seconds(1));
    }
    state.SetItemsProcessed(state.iterations() * kSteps);
}
BENCHMARK(coroutine_steps)->Arg(1)->Arg(10)->Arg(100);

void transactions(benchmark::State& state, lifecycle::Database& database) {
    database.script("CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT NOT NULL, at BIGINT)");
    for (int i = 0; i < 100; ++i) {
        database.run("INSERT INTO t (state, at) VALUES ('new', 0)");
    }
    std::int64_t n = 0;
    for (auto _ : state) {
        database.run("BEGIN IMMEDIATE");
        database.run("UPDATE t SET state = ?, at = ? WHERE id = ?",
                     {n % 2 == 0 ? "odd" : "even", n, n % 100 + 1});
        database.run("COMMIT");
        ++n;
    }
    state.SetItemsProcessed(state.iterations());
}

void store_in_memory(benchmark::State& state) {
    lifecycle::Database database(":memory:", "");
    transactions(state, database);
}
BENCHMARK(store_in_memory);

// Durable at each commit, with a crash point at each write and sync.
void store_on_sim_disk(benchmark::State& state) {
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    sim::Trace trace;
    sim::World world(tape, trace);
    sim::Process& process = world.add_process("p", "p");
    process.boot();
    lifecycle::Database database("test.db", process.disk().vfs_name());
    database.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    transactions(state, database);
}
BENCHMARK(store_on_sim_disk);

void seeds_of(benchmark::State& state, const char* name) {
    const sim::search::Scenario scenario =
        properties::lifecycle_scenario(*scenarios::find_scenario(name));
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;
    double hours = 0;
    for (auto _ : state) {
        const auto result = sim::search::run(scenario, sim::search::seeded(1 + seed++ % 200));
        steps += result.steps;
        hours += static_cast<double>(result.virtual_time.count()) / 3.6e9;
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["steps/s"] =
        benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
    state.counters["virtual_hours/s"] = benchmark::Counter(hours, benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(seeds_of, calm, "calm")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(seeds_of, storm, "storm")->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
