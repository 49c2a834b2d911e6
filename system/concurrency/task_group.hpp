#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace lifecycle {

// Owns coroutines that run on their own. Whoever holds the group sees that it outlives them: by
// waiting until it is idle, or by destroying their executor's pending work first.
class TaskGroup {
  public:
    // `on_failure` hears of each exception that leaves a coroutine.
    TaskGroup(boost::asio::any_io_executor executor,
              std::function<void(std::exception_ptr)> on_failure);

    // The task begins after this call and never within it, on any executor.
    void spawn(boost::asio::awaitable<void> task);
    std::size_t running() const { return *running_; }
    // Called, if set, each time that the last running coroutine ends.
    void on_idle(std::function<void()> callback) { *on_idle_ = std::move(callback); }

  private:
    boost::asio::any_io_executor executor_;
    std::function<void(std::exception_ptr)> on_failure_;
    std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
    std::shared_ptr<std::function<void()>> on_idle_ = std::make_shared<std::function<void()>>();
};

}  // namespace lifecycle
