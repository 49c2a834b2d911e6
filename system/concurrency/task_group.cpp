#include "system/concurrency/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/require.hpp>
#include <utility>

namespace lifecycle {

TaskGroup::TaskGroup(boost::asio::any_io_executor executor,
                     std::function<void(std::exception_ptr)> on_failure)
    : executor_(std::move(executor)), on_failure_(std::move(on_failure)) {}

void TaskGroup::spawn(boost::asio::awaitable<void> task) {
    ++*running_;
    boost::asio::co_spawn(
        boost::asio::require(executor_, boost::asio::execution::blocking.never), std::move(task),
        [running = running_, idle = on_idle_, failed = on_failure_](std::exception_ptr failure) {
            --*running;
            if (failure) failed(failure);
            if (*running == 0 && *idle) (*idle)();
        });
}

}  // namespace lifecycle
