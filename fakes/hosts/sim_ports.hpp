#pragma once

#include <cstdint>
#include <map>

#include "sim/net/network.hpp"
#include "sim/world/process.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/entropy.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"

// The ports of the core, made of one process of a simulated world.
namespace fakes {

class SimClock final : public lifecycle::Clock {
  public:
    explicit SimClock(sim::Process& process) : process_(process) {}
    lifecycle::Time wall() const override;
    lifecycle::SteadyTime steady() const override;
    std::string origin() const override;
    lifecycle::TimerId schedule(lifecycle::Time when,
                                std::move_only_function<void()> callback) override;
    void expedite(lifecycle::TimerId timer) override;

  private:
    sim::Process& process_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, sim::TimerId> timers_;
};

class SimHttpClient final : public lifecycle::HttpClient {
  public:
    explicit SimHttpClient(sim::Process& process) : process_(process) {}
    boost::asio::awaitable<std::expected<lifecycle::HttpResponse, lifecycle::HttpError>> send(
        lifecycle::HttpRequest request, lifecycle::Duration timeout) override;

  private:
    sim::Process& process_;
};

class SimEntropy final : public lifecycle::Entropy {
  public:
    explicit SimEntropy(sim::Process& process);
    std::uint64_t below(std::uint64_t bound) override { return tape_.draw(lane_, bound); }

  private:
    sim::Tape& tape_;
    sim::LaneId lane_;
};

class SimTelemetry final : public lifecycle::Telemetry {
  public:
    explicit SimTelemetry(sim::Process& process) : process_(process) {}
    using Telemetry::record;
    void record(std::string_view name, std::span<const lifecycle::Fact> facts) override;

  private:
    sim::Process& process_;
};

// Answers HTTP at the address on behalf of the process.
using Respond = std::move_only_function<void(lifecycle::HttpResponse)>;
using HttpService = std::function<void(lifecycle::HttpRequest, Respond)>;
void listen(sim::Process& process, const std::string& address, HttpService service);
// The same beside others that answer there.
void listen_beside(sim::Process& process, const std::string& address, HttpService service);

}  // namespace fakes
