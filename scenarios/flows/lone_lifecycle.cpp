#include "scenarios/flows/lone_lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <expected>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/cluster/image.hpp"
#include "scenarios/flows/project_model.hpp"
#include "sim/disk/disk.hpp"
#include "system/concurrency/contain.hpp"
#include "system/lifecycle/events.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/lifecycle/ownership.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/registry/registry.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/machine_requests.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/projects.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/volumes.hpp"

namespace scenarios {
namespace {

using lifecycle::HttpError;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::ReadTx;
using lifecycle::Tx;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kDatabase = "lifecycle.db";
constexpr const char* kProvider = "plain";
constexpr const char* kInstallation = "lone";
constexpr const char* kRoutes = "routes:8500";

lifecycle::LifecycleOptions lifecycle_options() {
    lifecycle::LifecycleOptions options;
    options.machines.provider = kProvider;
    options.machines.region = "ams";
    options.machines.regions = {"ams", "fra", "cdg"};
    options.graces.detached = minutes(15);
    return options;
}

lifecycle::IdentityOptions identity_options() {
    lifecycle::IdentityOptions options;
    options.max_boots = LoneLifecycle::kMaxBoots;
    return options;
}

lifecycle::OutboxOptions outbox_options() {
    lifecycle::OutboxOptions options;
    options.poll = hours(24);  // nobody else adds events
    return options;
}

std::unique_ptr<lifecycle::Store> open(sim::Process& process, lifecycle::Telemetry& telemetry,
                                       lifecycle::Clock& clock) {
    process.disk().load(kDatabase, migrated_database());
    auto store = open_store(kDatabase, process, nullptr, &telemetry, &clock);
    auto claim = [now = clock.now()](Tx& tx) {
        lifecycle::claim_installation(tx, kInstallation, kInstallation, now);
    };
    store->transact_now(claim);
    return store;
}

// What there is, part by part, ids and names replaced by what they are called here.
class Summary {
  public:
    explicit Summary(const std::string& project) : names_({{project, "P"}}) {}

    void call(const std::string& name, const char* otherwise) {
        // The name of a project is in that of all it has.
        if (!name.empty()) names_.insert(names_.begin(), {name, otherwise});
    }
    void say(bool there, const std::string& what) {
        there_ += there ? 1 : 0;
        say((there ? "" : "no ") + what);
    }
    void say(std::string what) {
        for (const auto& [name, otherwise] : names_) {
            for (auto at = what.find(name); at != std::string::npos; at = what.find(name)) {
                what.replace(at, name.size(), otherwise);
            }
        }
        text_ += (text_.empty() ? "" : ", ") + what;
    }
    std::size_t there() const { return there_; }
    const std::string& text() const { return text_; }

  private:
    std::vector<std::pair<std::string, const char*>> names_;
    std::size_t there_ = 0;
    std::string text_;
};

}  // namespace

// All daemons of this world.
class LoneLifecycle::Daemons final : public lifecycle::HttpClient {
  public:
    Daemons(Health& health, const Hooks& hooks) : health_(health), hooks_(hooks) {}
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(
        HttpRequest request, lifecycle::Duration /*timeout*/) override {
        if (request.authority == kRoutes) co_return hooks_.routes(request);
        if (hooks_.daemons) co_return hooks_.daemons(request);
        const Health health = std::exchange(health_, Health::well);
        if (health == Health::silent) co_return std::unexpected(HttpError::timed_out);
        HttpResponse answer;
        answer.status = health == Health::well ? 200 : 503;
        co_return answer;
    }

  private:
    Health& health_;
    const Hooks& hooks_;
};

class LoneLifecycle::Listener final : public lifecycle::Telemetry {
  public:
    Listener(sim::Process& process, const Hooks& hooks) : trace_(process), hooks_(hooks) {}
    using Telemetry::record;
    void record(std::string_view name, std::span<const lifecycle::Fact> facts) override {
        trace_.record(name, facts);
        if (name == lifecycle::kBug && hooks_.failed)
            hooks_.failed(std::get<std::string_view>(facts[1].value));
        const auto what = lifecycle::parse_outbox_step(name);
        if (!what || !hooks_.stepped) return;
        Step step{*what, 0, {}};
        for (const lifecycle::Fact& fact : facts) {
            if (fact.name == "event") step.event = std::get<std::int64_t>(fact.value);
            if (fact.name == "kind") step.kind = std::get<std::string_view>(fact.value);
        }
        hooks_.stepped(step);
    }

  private:
    fakes::SimTelemetry trace_;
    const Hooks& hooks_;
};

LoneLifecycle::LoneLifecycle(sim::Process& process, Hooks hooks)
    : process_(process),
      hooks_(std::move(hooks)),
      clock_(process),
      entropy_(process),
      telemetry_(std::make_unique<Listener>(process, hooks_)),
      daemons_(std::make_unique<Daemons>(health_, hooks_)),
      provider_(hooks_.twisted, [this](const std::string& machine) { started(machine); }),
      named_([this] {
          lifecycle::Providers all;
          all.add(kProvider, provider_);
          return all;
      }()),
      providers_(named_),
      store_(open(process, *telemetry_, clock_)),
      ports_{process.executor(), clock_, *daemons_, entropy_, *telemetry_},
      tasks_(process.executor(), [](std::exception_ptr bug) { std::rethrow_exception(bug); }),
      outbox_(*store_, ports_, tasks_, outbox_options()),
      key_("key of a lone lifecycle"),
      options_(lifecycle_options()),
      lifecycle_(*store_, ports_, providers_, key_, {}, options_, outbox_,
                 [](Tx& tx, const lifecycle::Machine& machine, lifecycle::Time now) {
                     hasten_delegations(tx, machine.project, now);
                 }),
      router_(*store_, *daemons_, providers_.probing, {},
              {hooks_.routes ? kRoutes : "", "routes", "token of the table"}),
      watchdog_(*store_, ports_, providers_.healing, outbox_,
                {.max_silent_looks = kSilentLooks, .max_recreations = kRecreations},
                options_.machines),
      arbiter_(*store_, ports_, providers_.probing, key_, identity_options(), {}),
      delegations_(*store_, ports_, providers_.probing, {}) {
    lifecycle::Registry registry{outbox_, gauges_};
    lifecycle_.install(registry);
    router_.install(registry);
    arbiter_.install(registry);
    delegations_.install(registry);
    tasks_.spawn(outbox_.run());
}

LoneLifecycle::~LoneLifecycle() = default;

lifecycle::Result<lifecycle::Requested> LoneLifecycle::create(const std::string& project,
                                                              std::int64_t volume_gb) {
    return change([&](Tx& tx) {
        lifecycle::MachineRequest request;
        request.project = project;
        request.spec.image = "registry.example/box:7";
        request.spec.volume_gb = volume_gb;
        return create_machine(tx, request, options_.machines, clock_.now());
    });
}

lifecycle::Result<lifecycle::Requested> LoneLifecycle::roll(const std::string& project) {
    return change(
        [&](Tx& tx) { return roll_machine(tx, project, "", options_.machines, clock_.now()); });
}

lifecycle::Result<lifecycle::Recreated> LoneLifecycle::recreate(const std::string& project,
                                                                const std::string& instead_of) {
    return change([&](Tx& tx) {
        return recreate_machine(tx, project, instead_of, "somebody wants it", options_.machines,
                                clock_.now());
    });
}

lifecycle::Result<lifecycle::Machine> LoneLifecycle::retire(const std::string& machine) {
    return change([&](Tx& tx) { return retire_machine(tx, machine, clock_.now()); });
}

lifecycle::Result<lifecycle::Machine> LoneLifecycle::restart(const std::string& machine) {
    return change([&](Tx& tx) { return restart_machine(tx, machine, "it", clock_.now()); });
}

lifecycle::Result<LoneLifecycle::Machines> LoneLifecycle::archive(const std::string& project) {
    return change([&](Tx& tx) { return archive_project(tx, project, clock_.now()); });
}

void LoneLifecycle::snapshot(const std::string& project) {
    static_cast<void>(change([&](Tx& tx) { return request_snapshot(tx, project, clock_.now()); }));
}

void LoneLifecycle::keep_running(const std::string& machine) {
    change([&](Tx& tx) { lifecycle::enqueue_start(tx, machine, clock_.now()); });
}

void LoneLifecycle::beat(const std::string& machine) {
    change([&](Tx& tx) { lifecycle::record_seen(tx, machine, clock_.now()); });
}

std::vector<lifecycle::ProjectError> LoneLifecycle::errors_of(const std::string& project) {
    return read([&](ReadTx& tx) -> std::vector<lifecycle::ProjectError> {
        return open_errors_of(tx, project);
    });
}

lifecycle::Result<lifecycle::Registered> LoneLifecycle::introduce(
    const lifecycle::Registration& boot) {
    return change(
        [&](Tx& tx) { return register_boot(tx, key_, boot, identity_options(), clock_.now()); });
}

lifecycle::Result<lifecycle::Machine> LoneLifecycle::authenticate(const std::string& machine,
                                                                  const std::string& token) {
    return change(
        [&](Tx& tx) { return lifecycle::authenticate(tx, machine, token, clock_.now()); });
}

lifecycle::Result<lifecycle::Machine> LoneLifecycle::rotate(const std::string& machine) {
    return change([&](Tx& tx) { return rotate_token(tx, key_, machine, clock_.now()); });
}

void LoneLifecycle::refuse(const std::string& machine, const lifecycle::Error& why) {
    change([&](Tx& tx) { note_refusal(tx, machine, why, clock_.now()); });
}

lifecycle::Result<lifecycle::Delegation> LoneLifecycle::delegate(
    lifecycle::DelegationRequest request) {
    return change([&](Tx& tx) {
        return lifecycle::delegate(tx, request, {kMaxOpenDelegations}, clock_.now());
    });
}

lifecycle::Result<lifecycle::Delegation> LoneLifecycle::conclude(const std::string& delegation,
                                                                 const std::string& token,
                                                                 lifecycle::DelegationState outcome,
                                                                 const std::string& result) {
    return change([&](Tx& tx) {
        return lifecycle::conclude(tx, delegation, token, outcome, result, clock_.now());
    });
}

std::optional<lifecycle::Delegation> LoneLifecycle::delegation(const std::string& id) {
    return read([&](ReadTx& tx) -> std::optional<lifecycle::Delegation> {
        return find_delegation(tx, id);
    });
}

void LoneLifecycle::route(const std::string& machine) {
    change([&](Tx& tx) { lifecycle::enqueue_route(tx, *find_machine(tx, machine), clock_.now()); });
}

void LoneLifecycle::take_over(std::int64_t event) {
    tamper(
        fmt::format("UPDATE outbox_event SET lease_epoch = lease_epoch + 1 WHERE id = {}", event));
}

void LoneLifecycle::tamper(std::string_view sql) {
    change([&](Tx& tx) { tx.run(sql); });
}

std::optional<lifecycle::Machine> LoneLifecycle::machine(const std::string& id) {
    return read(
        [&](ReadTx& tx) -> std::optional<lifecycle::Machine> { return find_machine(tx, id); });
}

lifecycle::Labels LoneLifecycle::labels_of(const std::string& project, std::int64_t generation) {
    lifecycle::Machine machine;
    machine.id = lifecycle::machine_id(project, generation);
    machine.project = project;
    machine.generation = generation;
    machine.installation = kInstallation;
    return ownership_labels(machine);
}

std::string LoneLifecycle::newest_of(const std::string& project) {
    return read([&](ReadTx& tx) -> std::string {
        const auto all = machines_of(tx, project);
        return all.empty() ? "" : all.back().id;
    });
}

std::optional<lifecycle::VolumeRow> LoneLifecycle::volume_of(const std::string& project) {
    return read([&](ReadTx& tx) -> std::optional<lifecycle::VolumeRow> {
        return lifecycle::volume_of(tx, project);
    });
}

void LoneLifecycle::started(const std::string& machine) {
    clock_.schedule(clock_.now() + kBoots, [this, machine] {
        if (hooks_.reported) hooks_.reported(machine);
        // One that has been replaced meanwhile is told so, and is silent.
        static_cast<void>(change([&](Tx& tx) {
            return report_status(tx, machine, lifecycle::DaemonStatus::ready, clock_.now());
        }));
    });
}

LoneLifecycle::Standing LoneLifecycle::standing(std::int64_t event) {
    return read([event](ReadTx& tx) -> Standing {
        return tx
            .first("SELECT subject, attempts FROM outbox_event WHERE id = ?", {event},
                   [](const lifecycle::Row& row) { return Standing{row.text(0), row.integer(1)}; })
            .value_or(Standing{});
    });
}

std::string LoneLifecycle::told(const std::string& project) {
    return read([&](ReadTx& tx) -> std::string {
        Summary summary(project);
        for (const auto& [id, _] : provider_.names()) summary.call(id, "R");
        for (const lifecycle::Machine& machine : machines_of(tx, project)) {
            summary.say(!provider_.resource_of(machine.id).empty(),
                        fmt::format("{} in {}", to_string(machine.state), machine.spec.region));
        }
        for (const lifecycle::VolumeRow& volume : volumes_of(tx, project)) {
            summary.call(volume.external_id, "its id");
            summary.call(volume.name, "V");
            summary.say(!provider_.volume_of(volume.name).empty(),
                        fmt::format("{} volume{} in {}", to_string(volume.state),
                                    volume.used ? " with data" : "", volume.region));
        }
        for (const lifecycle::ProjectError& error : open_errors_of(tx, project)) {
            summary.say("wrong: " + error.text);
        }
        const auto open = tx.all(
            "SELECT kind, state FROM outbox_event WHERE state <> 'done' AND kind <> ?"
            " ORDER BY kind, id",
            {lifecycle::kDeadline.name}, [](const lifecycle::Row& row) {
                return fmt::format("{} {}", row.text(1), row.text(0));
            });
        for (const std::string& one : open) summary.say(one);
        const std::size_t there = provider_.resources().size() + provider_.volumes().size();
        if (there != summary.there()) summary.say(fmt::format("{} in all are there", there));
        return summary.text();
    });
}

std::string LoneLifecycle::summary(const std::string& project) {
    return read([&](ReadTx& tx) -> std::string {
        std::string said = is_archived(tx, project) ? "archived" : "there";
        for (const lifecycle::Machine& machine : machines_of(tx, project)) {
            said += fmt::format(", {}", ProjectModel::told(machine.state));
        }
        if (const auto waiting = waiting_request(tx, project)) {
            said += waiting->spec.volume_gb > 0 ? ", one with a volume waits" : ", one waits";
        }
        return said + (lifecycle::volume_of(tx, project) ? ", volume" : "");
    });
}

bool LoneLifecycle::at_rest() {
    return read([&](ReadTx& tx) -> bool {
        const auto pending = tx.all(
            "SELECT id FROM outbox_event WHERE state = 'pending' AND kind <> ?",
            {lifecycle::kDeadline.name}, [](const lifecycle::Row& row) { return row.integer(0); });
        const bool owned = std::ranges::all_of(provider_.resources(), [&](const auto& one) {
            const auto machine = find_machine(tx, one.second.name);
            const auto record = find_resource(tx, one.second.name);
            // A second one, and one that was told to be gone, are for a sweep to find.
            return (machine && machine->state == lifecycle::MachineState::active) ||
                   (record && record->state == lifecycle::ResourceRecordState::gone);
        });
        const bool kept = std::ranges::all_of(provider_.volumes(), [&](const auto& one) {
            const auto volume = find_volume(tx, one.second.name);
            return volume && volume->state != lifecycle::VolumeState::leaving;
        });
        return pending.empty() && owned && kept;
    });
}

void LoneLifecycle::forget_all() {
    provider_.forget_all();
    health_ = Health::well;
    tamper("DELETE FROM outbox_event");
}

}  // namespace scenarios
