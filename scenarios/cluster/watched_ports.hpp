#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fakes/cloud.hpp"
#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "scenarios/cluster/sites.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/world.hpp"
#include "system/concurrency/contain.hpp"
#include "system/lifecycle/machine_changes.hpp"

// The core's ports as the witness hears through them.
namespace scenarios {

// On an answer that says nothing of what its cloud did; the core does not see it.
inline constexpr const char* kGarbledMark = "X-Garbled";

// The core's telemetry goes to the trace; deliveries also to the witness.
class WatchedTelemetry final : public lifecycle::Telemetry {
  public:
    using Deliveries = std::map<std::pair<std::string, std::int64_t>, sim::VirtualTime>;
    WatchedTelemetry(sim::Process& process, const Witnesses& witnesses, const Shadow& shadow,
                     Deliveries& deliveries)
        : process_(process),
          trace_(process),
          witnesses_(witnesses),
          shadow_(shadow),
          deliveries_(deliveries) {}
    using Telemetry::record;
    void record(std::string_view name, std::span<const lifecycle::Fact> facts) override {
        trace_.record(name, facts);
        for (const lifecycle::Fact& fact : facts) {
            const auto* text = std::get_if<std::string_view>(&fact.value);
            if (text != nullptr) witnesses_.tell(&Witness::on_text, name, *text);
        }
        if (!process_.alive()) return;
        const auto delivery = lifecycle::parse_outbox_step(name);
        const bool heard =
            name == lifecycle::kBug || name == lifecycle::kMachineRecreated || delivery;
        if (heard) process_.world().observe();
        if (name == lifecycle::kBug) {
            witnesses_.tell(&Witness::on_bug,
                            fmt::format("{}: {}", std::get<std::string_view>(facts[0].value),
                                        std::get<std::string_view>(facts[1].value)));
        }
        if (name == lifecycle::kMachineRecreated) {
            witnesses_.tell(
                &Witness::on_recreated,
                {process_.name(), std::string(std::get<std::string_view>(facts[0].value)),
                 std::string(std::get<std::string_view>(facts[1].value)), process_.world().now()},
                shadow_);
        }
        if (!delivery) return;
        DeliveryStep step;
        step.server = process_.name();
        step.what = *delivery;
        step.at = process_.world().now();
        for (const lifecycle::Fact& fact : facts) {
            if (fact.name == "event") step.event = std::get<std::int64_t>(fact.value);
            if (fact.name == "epoch") step.epoch = std::get<std::int64_t>(fact.value);
        }
        if (step.begins()) {
            deliveries_[{step.server, step.event}] = process_.world().now();
        } else {
            deliveries_.erase({step.server, step.event});
        }
        witnesses_.tell(&Witness::on_delivery, step, shadow_);
    }

  private:
    sim::Process& process_;
    fakes::SimTelemetry trace_;
    const Witnesses& witnesses_;
    const Shadow& shadow_;
    Deliveries& deliveries_;
};

// Properties look at the server's rows while others run: the order of commits counts.
class ObservedShadow final : public lifecycle::CommitFollower {
  public:
    ObservedShadow(sim::World& world, const Witnesses& witnesses, Shadow& shadow)
        : world_(world), witnesses_(witnesses), shadow_(shadow) {}
    void on_commit(lifecycle::ReadTx& tx,
                   const std::vector<lifecycle::RowChange>& changes) override {
        world_.observe();
        for (const lifecycle::RowChange& change : changes)
            witnesses_.tell(&Witness::on_row, change, world_.now());
        shadow_.pass(world_.now());
        shadow_.on_commit(tx, changes);
    }

  private:
    sim::World& world_;
    const Witnesses& witnesses_;
    Shadow& shadow_;
};

// The core's way to its providers and its machines; calls to providers are also the witness's.
class WatchedHttp final : public lifecycle::HttpClient {
  public:
    WatchedHttp(sim::Process& process, const Witnesses& witnesses, const Shadow& shadow)
        : process_(process), http_(process), witnesses_(witnesses), shadow_(shadow) {}
    boost::asio::awaitable<std::expected<lifecycle::HttpResponse, lifecycle::HttpError>> send(
        lifecycle::HttpRequest request, lifecycle::Duration timeout) override {
        const Site* site = site_at(request.authority);
        if (site == nullptr) {
            auto other = co_await http_.send(std::move(request), timeout);
            co_return other;
        }
        // Told when it ends, however that comes about: a crash destroys this frame.
        struct Told {
            ~Told() {
                process.world().observe();
                call.ended = process.world().steps();
                witnesses.tell(&Witness::on_provider_call, call);
            }
            sim::Process& process;
            const Witnesses& witnesses;
            ProviderCall call;
        };
        Told told{process_, witnesses_, {}};
        told.call.provider = site->name;
        told.call.server = process_.name();
        told.call.act = site->act(request);
        told.call.request = request;
        told.call.begun = process_.world().steps();
        told.call.sent_at = process_.world().now();
        process_.world().observe();
        witnesses_.tell(&Witness::on_provider_request, told.call, shadow_);
        auto answer = co_await http_.send(std::move(request), timeout);
        told.call.garbled = answer && answer->headers.erase(kGarbledMark) > 0;
        if (answer && !told.call.garbled) told.call.response = *answer;
        co_return answer;
    }

  private:
    sim::Process& process_;
    fakes::SimHttpClient http_;
    const Witnesses& witnesses_;
    const Shadow& shadow_;
};

class CloudWatch final : public fakes::CloudObserver {
  public:
    CloudWatch(sim::World& world, const Witnesses& witnesses, const Shadow& shadow)
        : world_(world), witnesses_(witnesses), shadow_(shadow) {}
    void on_created(const fakes::CloudMachine& machine) override {
        witnesses_.tell(&Witness::on_provider_created, machine, shadow_);
    }
    void on_start_asked(const fakes::CloudMachine& machine) override {
        witnesses_.tell(&Witness::on_provider_start, machine, shadow_);
    }
    void on_hidden(const fakes::CloudMachine& machine) override {
        witnesses_.tell(&Witness::on_provider_hidden, machine);
    }
    void on_malformed(std::string_view provider, std::string_view said) override {
        witnesses_.tell(&Witness::on_malformed, provider, said);
    }
    // As if somebody had destroyed it behind our back.
    void on_lost(const fakes::CloudMachine& machine) override {
        ProviderCall call;
        call.provider = machine.provider;
        call.act = {fakes::Act::Verb::destroy, machine.id};
        call.request.method = "DELETE";
        call.request.target = "/v1/apps/vivarium/machines/" + machine.id;
        call.response.emplace();
        call.begun = world_.steps();
        call.ended = world_.steps();
        witnesses_.tell(&Witness::on_provider_call, call);
    }

  private:
    sim::World& world_;
    const Witnesses& witnesses_;
    const Shadow& shadow_;
};

}  // namespace scenarios
