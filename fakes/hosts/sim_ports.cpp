#include "fakes/hosts/sim_ports.hpp"

#include <fmt/format.h>

#include <any>
#include <utility>
#include <vector>

#include "sim/world/world.hpp"
#include "system/ports/suspend.hpp"

namespace fakes {
namespace {

using lifecycle::HttpError;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using HttpResult = std::expected<HttpResponse, HttpError>;

// The day on which every world begins.
constexpr lifecycle::Time kEpoch{std::chrono::seconds(1'893'456'000)};  // 2030-01-01

HttpResult to_http(sim::Network::Result result) {
    if (result) return std::any_cast<HttpResponse>(std::move(result->content));
    switch (result.error()) {
        case sim::CallError::refused: return std::unexpected(HttpError::refused);
        case sim::CallError::reset: return std::unexpected(HttpError::reset);
        case sim::CallError::timed_out: return std::unexpected(HttpError::timed_out);
    }
    return std::unexpected(HttpError::reset);
}

}  // namespace

lifecycle::Time SimClock::wall() const {
    return kEpoch + process_.local_time();
}

lifecycle::SteadyTime SimClock::steady() const {
    return lifecycle::SteadyTime(process_.steady_time());
}

std::string SimClock::origin() const {
    return fmt::format("start {}", process_.host_starts());
}

lifecycle::TimerId SimClock::schedule(lifecycle::Time when,
                                      std::move_only_function<void()> callback) {
    const std::uint64_t id = ++last_;
    const lifecycle::Duration wait = process_.world_duration(when - now());
    timers_[id] =
        process_.at(process_.world().now() + wait, [this, id, run = std::move(callback)]() mutable {
            timers_.erase(id);
            run();
        });
    return lifecycle::TimerId{id};
}

void SimClock::expedite(lifecycle::TimerId timer) {
    const auto found = timers_.find(static_cast<std::uint64_t>(timer));
    if (found != timers_.end()) process_.expedite(found->second);
}

boost::asio::awaitable<HttpResult> SimHttpClient::send(HttpRequest request,
                                                       lifecycle::Duration timeout) {
    return lifecycle::suspend<HttpResult>(
        [this, request = std::move(request), timeout](lifecycle::Resume<HttpResult> resume) {
            sim::Packet packet{fmt::format("{} {}", request.method, request.target), request};
            process_.world().network().call(
                process_, request.authority, std::move(packet), timeout,
                [resumed = std::move(resume)](sim::Network::Result result) mutable {
                    resumed(to_http(std::move(result)));
                });
        });
}

SimEntropy::SimEntropy(sim::Process& process)
    : tape_(process.world().tape()),
      lane_(tape_.lane("entropy " + process.name(), sim::choice("entropy"))) {}

void SimTelemetry::record(std::string_view name, std::span<const lifecycle::Fact> facts) {
    std::vector<sim::Field> fields;
    fields.reserve(facts.size());
    for (const lifecycle::Fact& fact : facts) {
        if (const auto* number = std::get_if<std::int64_t>(&fact.value)) {
            fields.emplace_back(fact.name, *number);
        } else {
            fields.emplace_back(fact.name, std::get<std::string_view>(fact.value));
        }
    }
    process_.emit(name, fields);
}

namespace {

sim::Network::Service as_service(HttpService service) {
    return [serve = std::move(service)](sim::Packet packet, sim::Network::Answer answer) {
        auto request = std::any_cast<HttpRequest>(std::move(packet.content));
        serve(std::move(request), [way = std::move(answer),
                                   label = std::move(packet.label)](HttpResponse response) mutable {
            way.send({fmt::format("{} to {}", response.status, label), std::move(response)});
        });
    };
}

}  // namespace

void listen(sim::Process& process, const std::string& address, HttpService service) {
    process.world().network().listen(process, address, as_service(std::move(service)));
}

void listen_beside(sim::Process& process, const std::string& address, HttpService service) {
    process.world().network().listen_beside(process, address, as_service(std::move(service)));
}

}  // namespace fakes
