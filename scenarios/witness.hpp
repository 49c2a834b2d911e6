#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/cloud.hpp"
#include "scenarios/shadow.hpp"
#include "sim/time.hpp"
#include "system/ports/http.hpp"

namespace scenarios {

// What the control plane promised a client by a successful answer.
struct Acknowledgement {
    std::string machine;
    bool retired = false;  // false: it was created
};

// What a project's client got when it asked, after the calm, for a machine that works.
struct Demand {
    std::string project;
    std::string machine;   // the active one, or empty
    int proxy_status = 0;  // 0: no answer
};

// A call of the control plane to its provider, when its answer is there or it is known that none
// will come. `begun` and `ended` are counts of the world's steps.
struct ProviderCall {
    std::string provider;
    std::string server;  // that makes it
    lifecycle::HttpRequest request;
    std::optional<lifecycle::HttpResponse> response;
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    sim::VirtualTime sent_at{};
};

// A server took an event, or said what came of it.
struct DeliveryStep {
    std::string server;
    std::int64_t event = 0;
    std::int64_t epoch = 0;  // of the lease
    std::string what;        // "outbox.claimed", "outbox.done", ..., "outbox.lease-lost"
    bool begins() const { return what == "outbox.claimed"; }
};

// How a run ended, after the calm.
struct Ending {
    const Shadow& shadow;
    const std::vector<fakes::CloudMachine>& resources;  // all that the clouds still have
    const std::vector<CloudVolume>& volumes;
    const std::vector<Demand>& demands;
    const std::map<std::string, std::uint64_t>& faults;  // that struck, by kind
};

// Hears everything in a run that a property may want to judge. Nothing here changes the run.
class Witness {
  public:
    virtual ~Witness() = default;

    // A row changed in a commit; `before` is null for a new one. The shadow holds the whole commit
    // only in on_commit.
    virtual void on_machine(const lifecycle::Machine* /*before*/,
                            const lifecycle::Machine& /*after*/, const Shadow& /*shadow*/) {}
    virtual void on_event(const EventRow* /*before*/, const EventRow& /*after*/,
                          const Shadow& /*shadow*/) {}
    virtual void on_commit(const Shadow& /*shadow*/) {}
    // The server started again: what was seen before, and what is left.
    virtual void on_recovery(const Shadow& /*before*/, const Shadow& /*after*/) {}

    // Somebody changes the database behind the servers' backs: promises are off.
    virtual void on_tampered() {}

    virtual void on_server_down(const std::string& /*server*/) {}
    // An exception that is not a failing store left the core.
    virtual void on_bug(std::string_view /*what*/) {}
    virtual void on_server_answer(const std::string& /*request*/,
                                  const lifecycle::HttpResponse& /*response*/) {}
    virtual void on_acknowledged(const Acknowledgement& /*promise*/) {}
    // A worker took an event, or is finished with it.
    virtual void on_delivery(const DeliveryStep& /*step*/) {}

    // A request to a provider is about to be sent.
    virtual void on_provider_request(const ProviderCall& /*call*/, const Shadow& /*shadow*/) {}
    virtual void on_provider_call(const ProviderCall& /*call*/) {}
    virtual void on_provider_created(const fakes::CloudMachine& /*machine*/,
                                     const Shadow& /*shadow*/) {}
    virtual void on_provider_start(const fakes::CloudMachine& /*machine*/,
                                   const Shadow& /*shadow*/) {}

    // A script expected something else.
    virtual void on_disappointment(std::string_view /*what*/) {}
    // The faults are over and there was time to heal; nobody has asked for anything since.
    virtual void on_calm(const Shadow& /*shadow*/) {}
    virtual void at_end(const Ending& /*ending*/) {}
};

}  // namespace scenarios
