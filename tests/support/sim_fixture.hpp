#pragma once

#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <memory>
#include <string>

#include "fakes/hosts/sim_ports.hpp"
#include "sim/disk/disk.hpp"
#include "sim/world/seeded_source.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/trace.hpp"
#include "sim/world/world.hpp"
#include "system/ports/ports.hpp"
#include "system/store/store.hpp"

namespace tests {

// The core's ports over one process of a world, for tests of one part of the core.
class SimFixture {
  public:
    explicit SimFixture(std::unique_ptr<sim::Source> source = std::make_unique<sim::CalmSource>())
        : tape(std::move(source)),
          world(tape, trace),
          process(booted(world)),
          clock(process),
          http(process),
          entropy(process),
          telemetry(process) {}

    lifecycle::Ports ports() { return {process.executor(), clock, http, entropy, telemetry}; }

    std::unique_ptr<lifecycle::Store> open_store() {
        auto store = lifecycle::Store::open(
            {"test.db", process.disk().vfs_name(), nullptr, &telemetry}, process.executor());
        return std::move(store.value());
    }

    // Runs a coroutine in the process, to its end or for an hour.
    template <class T>
    T complete(boost::asio::awaitable<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(process.executor(), std::move(task),
                              [&](std::exception_ptr failure, T value) {
                                  if (failure) std::rethrow_exception(failure);
                                  result.emplace(std::move(value));
                                  world.halt();
                              });
        world.run_until(world.now() + std::chrono::hours(1));
        return std::move(result.value());
    }

    sim::Tape tape;
    sim::Trace trace;
    sim::World world;
    sim::Process& process;
    fakes::SimClock clock;
    fakes::SimHttpClient http;
    fakes::SimEntropy entropy;
    fakes::SimTelemetry telemetry;

  private:
    static sim::Process& booted(sim::World& world) {
        sim::Process& process = world.add_process("core", "server");
        process.boot();
        return process;
    }
};

}  // namespace tests
