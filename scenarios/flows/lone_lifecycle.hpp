#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/flows/plain_provider.hpp"
#include "sim/world/world.hpp"
#include "system/identity/arbiter.hpp"
#include "system/identity/registration.hpp"
#include "system/lifecycle/lifecycle.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/monitor/watchdog.hpp"
#include "system/outbox/outbox.hpp"
#include "system/outbox/outbox_step.hpp"
#include "system/ports/http.hpp"
#include "system/providers/providers.hpp"
#include "system/routing/router.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/volumes.hpp"
#include "system/store/store.hpp"
#include "system/tasks/delegations.hpp"

namespace scenarios {

// What a box's daemon answers when it is probed.
enum class Health : std::uint8_t { well, unwell, silent };

// The lifecycle of machines with nothing around it: its rows, its outbox and one provider, in one
// process. Boxes are ready a minute after they were started.
class LoneLifecycle final : public sim::Program {
  public:
    static constexpr lifecycle::Duration kBoots = std::chrono::minutes(1);
    // After so many looks without a sign of life a machine is replaced, and after so many of those
    // a person has to look.
    static constexpr std::int64_t kSilentLooks = 4;
    static constexpr std::int64_t kRecreations = 2;
    // So many boots within ten minutes are no crash loop yet.
    static constexpr std::int64_t kMaxBoots = 3;
    static constexpr std::int64_t kMaxOpenDelegations = 3;

    // What came of a delivery, or that one was begun.
    struct Step {
        lifecycle::OutboxStep what;
        std::int64_t event;
        std::string_view kind;
    };
    // Each may be missing.
    struct Hooks {
        PlainProvider::Twisted twisted = {};
        std::function<void(const Step&)> stepped = {};
        std::function<void(const std::string&)> reported = {};  // a box, that it is ready
        std::function<void(std::string_view)> failed = {};      // of a bug, in words
        // What the table of routes answers; without, nobody reads routes.
        using Answer = std::expected<lifecycle::HttpResponse, lifecycle::HttpError>;
        std::function<Answer(const lifecycle::HttpRequest&)> routes = {};
        // What daemons answer, in the place of being well and taking all work.
        std::function<Answer(const lifecycle::HttpRequest&)> daemons = {};
    };
    LoneLifecycle(sim::Process& process, Hooks hooks);
    ~LoneLifecycle() override;

    // What people do.
    using Machines = std::vector<lifecycle::Machine>;
    lifecycle::Result<lifecycle::Requested> create(const std::string& project,
                                                   std::int64_t volume_gb = 0);
    lifecycle::Result<lifecycle::Requested> roll(const std::string& project);
    lifecycle::Result<lifecycle::Recreated> recreate(const std::string& project,
                                                     const std::string& instead_of);
    lifecycle::Result<lifecycle::Machine> retire(const std::string& machine);
    lifecycle::Result<lifecycle::Machine> restart(const std::string& machine);
    lifecycle::Result<Machines> archive(const std::string& project);
    void snapshot(const std::string& project);
    // What a sweep does that finds a machine stopped.
    void keep_running(const std::string& machine);
    // Its box gives a sign of life.
    void beat(const std::string& machine);
    // What boxes say of themselves and of their work, and what work there is for them.
    lifecycle::Result<lifecycle::Registered> introduce(const lifecycle::Registration& boot);
    lifecycle::Result<lifecycle::Machine> authenticate(const std::string& machine,
                                                       const std::string& token);
    lifecycle::Result<lifecycle::Machine> rotate(const std::string& machine);
    void refuse(const std::string& machine, const lifecycle::Error& why);
    lifecycle::Result<lifecycle::Delegation> delegate(lifecycle::DelegationRequest request);
    lifecycle::Result<lifecycle::Delegation> conclude(const std::string& delegation,
                                                      const std::string& token,
                                                      lifecycle::DelegationState outcome,
                                                      const std::string& result);
    std::optional<lifecycle::Delegation> delegation(const std::string& id);
    std::string secret_of(const std::string& machine) { return key_.bootstrap_secret(machine); }
    // Its route is to be looked at.
    void route(const std::string& machine);
    // Another worker has taken the event that is in hand, and does nothing.
    void take_over(std::int64_t event);
    // Somebody has written to the database.
    void tamper(std::string_view sql);

    // Neither goes round by itself.
    lifecycle::Reconciler& reconciler() { return lifecycle_.reconciler(); }
    lifecycle::Watchdog& watchdog() { return watchdog_; }
    // What is wrong with the project now, newest first.
    std::vector<lifecycle::ProjectError> errors_of(const std::string& project);
    std::optional<lifecycle::Machine> machine(const std::string& id);
    // Whether the id of that machine at its provider is durable.
    bool is_known(const std::string& id) {
        const auto found = machine(id);
        return found && !found->external_id.empty();
    }
    // The id of the project's newest machine; empty if it has none.
    std::string newest_of(const std::string& project);
    std::optional<lifecycle::VolumeRow> volume_of(const std::string& project);

    // What a machine of the project of that generation is made with.
    static lifecycle::Labels labels_of(const std::string& project, std::int64_t generation);

    // How all that is of a project is, in a line: its machines, its volumes, what is wrong, what is
    // still to be done, and what its provider has. Ids and times have no part in it.
    std::string told(const std::string& project);
    // The same in the words of a ProjectModel.
    std::string summary(const std::string& project);
    // Whether nothing is left to be done, and everything that its provider has is somebody's.
    bool at_rest();
    // Nothing is to be done any more, and the provider has nothing.
    void forget_all();

    // What an event is about, and how it stands.
    struct Standing {
        std::string subject;
        std::int64_t attempts = 0;
    };
    Standing standing(std::int64_t event);

    sim::Process& process() { return process_; }
    PlainProvider& provider() { return provider_; }
    // Of the daemon that is probed next.
    void set_health(Health health) { health_ = health; }

  private:
    class Daemons;
    class Listener;

    // Changes rows as a person's request does.
    template <class Body>
    auto change(Body body) {
        if constexpr (std::is_void_v<std::invoke_result_t<Body&, lifecycle::Tx&>>) {
            store_->transact_now(body);
            outbox_.wake();
        } else {
            auto outcome = store_->transact_now(body);
            outbox_.wake();
            return outcome;
        }
    }
    template <class Body>
    auto read(Body body) {
        return store_->read_now(body);
    }
    void started(const std::string& machine);

    sim::Process& process_;
    Hooks hooks_;
    Health health_ = Health::well;
    fakes::SimClock clock_;
    fakes::SimEntropy entropy_;
    std::unique_ptr<Listener> telemetry_;
    std::unique_ptr<Daemons> daemons_;
    PlainProvider provider_;
    lifecycle::Providers named_;
    lifecycle::ProvidersByClass providers_;
    std::unique_ptr<lifecycle::Store> store_;
    lifecycle::Ports ports_;
    lifecycle::TaskGroup tasks_;
    lifecycle::Outbox outbox_;
    lifecycle::IdentityKey key_;
    lifecycle::LifecycleOptions options_;
    lifecycle::Lifecycle lifecycle_;
    lifecycle::Router router_;
    lifecycle::Watchdog watchdog_;
    lifecycle::Arbiter arbiter_;
    lifecycle::Delegations delegations_;
    lifecycle::Gauges gauges_;
};

}  // namespace scenarios
