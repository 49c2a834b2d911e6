#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "sim/world/process.hpp"
#include "sim/world/world.hpp"

// Programs as coroutines. Each belongs to one life of one process: a crash destroys its frame where
// it waits. The process has to outlive it.
namespace sim {

using Coroutine = boost::asio::awaitable<void>;

// Waits for that much time by the process's own clock.
inline Coroutine sleep(Process& process, Duration duration) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [](auto handler, Process* sleeper, Duration time) {
            sleeper->at(sleeper->world().now() + sleeper->world_duration(time),
                        [resume = std::move(handler)]() mutable { std::move(resume)(); });
        },
        boost::asio::use_awaitable, &process, duration);
}

// Waits until somebody calls Process::complete() with the number that `begin` is given, at once or
// later. `what` is what it waits for, in the words of a report.
inline Coroutine until_completed(Process& process, std::string what,
                                 std::function<void(std::uint64_t)> begin) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [](auto handler, Process* waiter, std::string name,
           const std::function<void(std::uint64_t)>& start) {
            start(waiter->keep(std::move(name),
                               [resume = std::move(handler)]() mutable { std::move(resume)(); }));
        },
        boost::asio::use_awaitable, &process, std::move(what), std::move(begin));
}

// Lets everything else that is ready run first, if the tape wants it so.
inline Coroutine take_turn(Process& process) {
    return boost::asio::post(process.executor(), boost::asio::use_awaitable);
}

// Runs the coroutine beside whoever calls. What it throws leaves the task that it is in, which
// breaks the run; a program that is to die of something catches that, and calls Process::crash().
inline void spawn(Process& process, Coroutine coroutine) {
    boost::asio::co_spawn(process.executor(), std::move(coroutine),
                          [](const std::exception_ptr& failure) {
                              if (failure) std::rethrow_exception(failure);
                          });
}

}  // namespace sim
