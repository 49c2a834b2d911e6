#include "system/concurrency/task_group.hpp"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>

namespace lifecycle {
namespace {

boost::asio::awaitable<void> set(bool* begun) {
    *begun = true;
    co_return;
}

TEST(TaskGroup, BeginsNoTaskWithinTheCallThatSpawnsIt) {
    boost::asio::io_context context;
    TaskGroup tasks(context.get_executor(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    bool begun = false;
    bool within = true;
    // On the executor's own thread, where it might run the task at once.
    boost::asio::post(context, [&] {
        tasks.spawn(set(&begun));
        within = begun;
    });
    context.run();
    EXPECT_FALSE(within);
    EXPECT_TRUE(begun);
}

}  // namespace
}  // namespace lifecycle
