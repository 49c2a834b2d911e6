#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "system/ports/clock.hpp"
#include "system/ports/entropy.hpp"

// The core's ports, made of the operating system.
namespace lifecycle::server {

class RealClock final : public Clock {
  public:
    explicit RealClock(boost::asio::io_context& context);
    ~RealClock() override;
    Time wall() const override;
    SteadyTime steady() const override;
    std::string origin() const override { return origin_; }
    TimerId schedule(Time when, std::move_only_function<void()> callback) override;
    void expedite(TimerId timer) override;

  private:
    struct Timer;
    boost::asio::io_context& context_;
    std::string origin_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::shared_ptr<Timer>> timers_;
};

class RealEntropy final : public Entropy {
  public:
    std::uint64_t below(std::uint64_t bound) override;

  private:
    std::random_device device_;
};

}  // namespace lifecycle::server
