#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "scenarios/watch/shadow.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/time.hpp"
#include "system/model/reasons.hpp"
#include "system/outbox/outbox_step.hpp"
#include "system/ports/http.hpp"
#include "system/routing/route_table.hpp"

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
// will come; one that cannot be understood is none. `begun` and `ended` are counts of the world's
// steps.
struct ProviderCall {
    std::string provider;
    std::string server;  // that makes it
    fakes::Act act;      // what it does there
    lifecycle::HttpRequest request;
    std::optional<lifecycle::HttpResponse> response;
    bool garbled = false;  // one came, part of which may be as it should
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    sim::VirtualTime sent_at{};
};

// A server took an event, or said what came of it.
struct DeliveryStep {
    std::string server;
    std::int64_t event = 0;
    std::int64_t epoch = 0;  // of the lease
    lifecycle::OutboxStep what = lifecycle::OutboxStep::claimed;
    sim::VirtualTime at{};
    bool begins() const { return what == lifecycle::OutboxStep::claimed; }
};

// What the control plane answered to a request that reached it.
struct ServerAnswer {
    const std::string& server;
    const lifecycle::HttpRequest& request;
    const lifecycle::HttpResponse& response;
    sim::VirtualTime asked_at{};
    sim::VirtualTime at{};
    const Shadow& shadow;
};

struct Recreation {
    std::string server;   // that says so
    std::string machine;  // that is to be replaced
    std::string reason;
    sim::VirtualTime at{};
};

// How long a kind of event takes at most, and how often it is taken up, in the baseline run.
struct Term {
    std::string_view kind;
    sim::Duration at_most{};
    int times = 1;
};

// How a run ended, after the calm.
struct Ending {
    const Shadow& shadow;
    const std::vector<fakes::CloudMachine>& resources;  // all that the clouds still have
    const std::vector<CloudVolume>& volumes;
    const std::vector<Demand>& demands;
    const std::vector<sim::LaneKind>& faults;         // the kinds that struck
    const std::map<std::string, std::int64_t>& rows;  // how many each table has
    sim::VirtualTime at{};
    bool is_baseline = false;  // no choice, order or fault has deviated

    // Whether the network brought a request twice.
    bool doubled_requests() const;
};

// Hears everything in a run that a property may want to judge. Nothing here changes the run. A hook
// is declared here and nowhere else: whoever overrides it hears what is told by it.
class Witness {
  public:
    virtual ~Witness() = default;

    // What takes another time than it usually does, by the nature of what is played.
    virtual void on_terms(const std::vector<Term>& /*terms*/) {}

    // A row changed in a commit; `before` is null for a new one. The shadow holds the whole commit
    // only in on_commit.
    virtual void on_machine(const lifecycle::Machine* /*before*/,
                            const lifecycle::Machine& /*after*/, const Shadow& /*shadow*/) {}
    virtual void on_event(const EventRow* /*before*/, const EventRow& /*after*/,
                          const Shadow& /*shadow*/) {}
    virtual void on_commit(const Shadow& /*shadow*/) {}
    // Any row of any table was written or deleted.
    virtual void on_row(const lifecycle::RowChange& /*change*/, sim::VirtualTime /*at*/) {}
    // A row is gone from the store: what it was.
    virtual void on_forgotten(const lifecycle::Machine& /*last*/) {}
    virtual void on_event_forgotten(const EventRow& /*last*/) {}
    // A machine's credentials have changed, or were read anew.
    virtual void on_credential(const std::string& /*machine*/, const Shadow& /*shadow*/) {}
    virtual void on_delegation(const lifecycle::Delegation& /*now*/) {}
    // An error of a project was opened, or has ended.
    virtual void on_error(const lifecycle::ProjectError& /*now*/) {}
    // A machine is to be replaced because somebody wants it so: told right before the commit that
    // says so is looked at.
    virtual void on_recreated(const Recreation& /*recreation*/, const Shadow& /*shadow*/) {}
    // The server started again: what was seen before, and what is left.
    virtual void on_recovery(const Shadow& /*before*/, const Shadow& /*after*/) {}

    // Somebody changes the database behind the servers' backs: promises are off.
    virtual void on_tampered() {}

    // A server begins to serve, with all that it finds known.
    virtual void on_server_up(const std::string& /*server*/, sim::VirtualTime /*at*/) {}
    virtual void on_server_down(const std::string& /*server*/) {}
    // An exception that is not a failing store left the core.
    virtual void on_bug(std::string_view /*what*/) {}
    virtual void on_server_request(const std::string& /*method*/, const std::string& /*target*/) {}
    virtual void on_server_answer(const ServerAnswer& /*answer*/) {}
    virtual void on_acknowledged(const Acknowledgement& /*promise*/) {}
    // A worker took an event, or is finished with it.
    virtual void on_delivery(const DeliveryStep& /*step*/, const Shadow& /*shadow*/) {}

    // A request to a provider is about to be sent.
    virtual void on_provider_request(const ProviderCall& /*call*/, const Shadow& /*shadow*/) {}
    virtual void on_provider_call(const ProviderCall& /*call*/) {}
    virtual void on_provider_created(const fakes::CloudMachine& /*machine*/,
                                     const Shadow& /*shadow*/) {}
    virtual void on_provider_start(const fakes::CloudMachine& /*machine*/,
                                   const Shadow& /*shadow*/) {}

    // A person says that this resource is to be destroyed, by its external id.
    virtual void on_named(const std::string& /*resource*/) {}
    // From now on reads may fail to find a machine that is there.
    virtual void on_provider_hidden(const fakes::CloudMachine& /*machine*/) {}
    // A provider was asked for what its API's description does not allow, in its words.
    virtual void on_malformed(std::string_view /*provider*/, std::string_view /*said*/) {}

    // The agent of a machine has worked that delegation off.
    virtual void on_processed(const std::string& /*machine*/, const std::string& /*delegation*/) {}
    // The route table has taken another record of a project.
    virtual void on_route(const std::string& /*project*/, const lifecycle::Route& /*route*/) {}
    // Something that anybody might read: a fact of the trace, a row, an answer.
    virtual void on_text(std::string_view /*where*/, std::string_view /*text*/) {}

    // A script expected something else.
    virtual void on_script_failure(std::string_view /*what*/) {}
    // The faults are over and there was time to heal; nobody has asked for anything since.
    virtual void on_calm(const Shadow& /*shadow*/) {}
    virtual void at_end(const Ending& /*ending*/) {}
};

// All who watch a run, told in the order in which they came.
class Witnesses {
  public:
    // Must outlive whatever tells.
    void add(Witness& witness) { all_.push_back(&witness); }

    template <class... Said>
    void tell(void (Witness::*hook)(Said...), std::type_identity_t<Said>... said) const {
        for (Witness* witness : all_) (witness->*hook)(said...);
    }

  private:
    std::vector<Witness*> all_;
};

}  // namespace scenarios
