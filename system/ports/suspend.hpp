#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

// For those who implement a port that is awaited over something that calls back.
namespace lifecycle {

template <class T>
using Resume = std::move_only_function<void(T)>;

// Turns a callback into an await: `start` receives a function that resumes the coroutine with a
// value, to be called at most once and from the coroutine's executor. Destroying it uncalled
// destroys the coroutine.
template <class T>
boost::asio::awaitable<T> suspend(std::move_only_function<void(Resume<T>)> start) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
        [](auto handler, std::move_only_function<void(Resume<T>)> begin) {
            begin([resumed = std::move(handler)](T value) mutable {
                std::move(resumed)(std::forward<T>(value));
            });
        },
        boost::asio::use_awaitable, std::move(start));
}

// Lets everything else that is ready run first.
inline boost::asio::awaitable<void> take_turn(const boost::asio::any_io_executor& executor) {
    return boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace lifecycle
