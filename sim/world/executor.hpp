#pragma once

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>

#include "sim/world/world.hpp"

namespace sim {

// Asio's view of one incarnation of a process. Every resumption of a coroutine goes through
// execute(), so each is a task of its own that the tape schedules.
class Executor {
  public:
    Executor(World& world, std::uint32_t process, std::uint32_t incarnation) noexcept
        : world_(&world), process_(process), incarnation_(incarnation) {}

    // Whose tasks it runs; null if that process was removed.
    Process* process() const { return world_->find_process(process_); }

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
        return world_->context();
    }
    static constexpr boost::asio::execution::blocking_t query(
        boost::asio::execution::blocking_t) noexcept {
        return boost::asio::execution::blocking.never;
    }
    template <class Function>
    void execute(Function function) const {
        world_->post(process_, incarnation_, Task(std::move(function)));
    }
    friend bool operator==(const Executor&, const Executor&) noexcept = default;

  private:
    World* world_;
    std::uint32_t process_;
    std::uint32_t incarnation_;
};

}  // namespace sim
