#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/sites.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/world/awaitable.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {

// A world of two: clients of a provider, and whatever answers at its address.
class LoneClient : public sim::search::SimpleTrial {
  public:
    LoneClient(const Site& site, lifecycle::Telemetry& telemetry)
        : site_(site), telemetry_(telemetry) {}

  protected:
    void begin() final {
        cloud_ = &add_process(site_.name);
        client_ = &add_process("client");
        http_ = std::make_unique<fakes::SimHttpClient>(*client_);
        clock_ = std::make_unique<fakes::SimClock>(*client_);
        fakes::listen(*cloud_, site_.authority,
                      [this](lifecycle::HttpRequest request, fakes::Respond respond) {
                          serve(std::move(request), std::move(respond));
                      });
        sim::spawn(*client_, play());
    }

    virtual void serve(lifecycle::HttpRequest request, fakes::Respond respond) = 0;
    // What the clients are made to do.
    virtual sim::Coroutine play() = 0;

    // Another client, which knows nothing yet. It lives to the end: what it has begun goes on.
    lifecycle::Provider& meet() {
        clients_.push_back(site_.client({*http_, *clock_, telemetry_, client_->executor()}));
        return *clients_.back();
    }

    const Site& site() const { return site_; }
    sim::Process& client() { return *client_; }
    const lifecycle::Clock& clock() const { return *clock_; }
    lifecycle::Provider& last_client() { return *clients_.back(); }

  private:
    const Site& site_;
    lifecycle::Telemetry& telemetry_;
    sim::Process* cloud_ = nullptr;
    sim::Process* client_ = nullptr;
    std::unique_ptr<fakes::SimHttpClient> http_;
    std::unique_ptr<fakes::SimClock> clock_;
    std::vector<std::unique_ptr<lifecycle::Provider>> clients_;
};

}  // namespace scenarios
