#include "scenarios/universe.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <iterator>
#include <utility>

#include "scenarios/stage.hpp"
#include "sim/disk.hpp"
#include "sim/hash.hpp"
#include "system/providers/fly.hpp"

namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kFlyToken = "fly-token";
constexpr const char* kDatabase = "lifecycle.db";

lifecycle::SystemOptions system_options() {
    lifecycle::SystemOptions options;
    options.lifecycle.region = "ams";
    options.lifecycle.control_authority = kControlAuthority;
    options.lifecycle.daemon_port = kDaemonPort;
    options.lifecycle.detached_grace = minutes(15);
    // Nothing else adds events here, so looking for them without a reason is only work.
    options.outbox.poll = seconds(60);
    return options;
}

// Of every row of every table, as SQLite reads them.
std::uint64_t content_digest(const std::string& vfs) {
    lifecycle::Database database(kDatabase, vfs);
    const std::string tables =
        database.table("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    std::uint64_t digest = sim::hash(tables);
    std::size_t begin = tables.find('\n') + 1;  // behind the header
    while (begin < tables.size()) {
        const std::size_t end = tables.find('\n', begin);
        const std::string name = tables.substr(begin, end - begin);
        digest = sim::combine(digest, database.table("SELECT * FROM " + name));
        begin = end + 1;
    }
    return digest;
}

// The core's telemetry goes to the trace; deliveries also to the witness.
class WatchedTelemetry final : public lifecycle::Telemetry {
  public:
    using Deliveries = std::map<std::int64_t, sim::VirtualTime>;
    WatchedTelemetry(sim::Process& process, Witness& witness, Deliveries& deliveries)
        : process_(process), trace_(process), witness_(witness), deliveries_(deliveries) {}
    using Telemetry::record;
    void record(std::string_view name, std::span<const lifecycle::Fact> facts) override {
        trace_.record(name, facts);
        if (!name.starts_with("outbox.") || !process_.alive()) return;
        const auto event = std::get<std::int64_t>(facts.front().value);
        const bool begins = name == "outbox.claimed";
        if (begins) {
            deliveries_[event] = process_.world().now();
        } else {
            deliveries_.erase(event);
        }
        witness_.on_delivery(event, begins);
    }

  private:
    sim::Process& process_;
    fakes::SimTelemetry trace_;
    Witness& witness_;
    Deliveries& deliveries_;
};

// Properties look at the server's rows while others run: the order of commits counts.
class ObservedShadow final : public lifecycle::CommitFollower {
  public:
    ObservedShadow(sim::World& world, Shadow& shadow) : world_(world), shadow_(shadow) {}
    void on_commit(lifecycle::Tx& tx, const std::vector<lifecycle::RowChange>& changes) override {
        world_.observe();
        shadow_.on_commit(tx, changes);
    }

  private:
    sim::World& world_;
    Shadow& shadow_;
};

// The core's way to its provider and its machines; calls to the provider are also the witness's.
class WatchedHttp final : public lifecycle::HttpClient {
  public:
    WatchedHttp(sim::Process& process, Witness& witness)
        : process_(process), http_(process), witness_(witness) {}
    boost::asio::awaitable<std::expected<lifecycle::HttpResponse, lifecycle::HttpError>> send(
        lifecycle::HttpRequest request, lifecycle::Duration timeout) override {
        if (request.authority != kFlyAuthority) {
            auto other = co_await http_.send(std::move(request), timeout);
            co_return other;
        }
        // Told when it ends, however that comes about: a crash destroys this frame.
        struct Told {
            ~Told() {
                call.ended = process.world().steps();
                witness.on_provider_call(call);
            }
            sim::Process& process;
            Witness& witness;
            ProviderCall call;
        };
        Told told{process_, witness_, {}};
        told.call.request = request;
        told.call.begun = process_.world().steps();
        auto answer = co_await http_.send(std::move(request), timeout);
        if (answer) told.call.response = *answer;
        co_return answer;
    }

  private:
    sim::Process& process_;
    fakes::SimHttpClient http_;
    Witness& witness_;
};

class FlyWatch final : public fakes::FlyObserver {
  public:
    FlyWatch(sim::World& world, Witness& witness, const Shadow& shadow)
        : world_(world), witness_(witness), shadow_(shadow) {}
    void on_created(const fakes::FlyMachine& machine) override {
        witness_.on_provider_created(machine, shadow_);
    }
    void on_start_asked(const fakes::FlyMachine& machine) override {
        witness_.on_provider_start(machine, shadow_);
    }
    // As if somebody had destroyed it behind our back.
    void on_lost(const fakes::FlyMachine& machine) override {
        ProviderCall call;
        call.request.method = "DELETE";
        call.request.target = "/v1/apps/vivarium/machines/" + machine.id;
        call.response.emplace();
        call.begun = world_.steps();
        call.ended = world_.steps();
        witness_.on_provider_call(call);
    }

  private:
    sim::World& world_;
    Witness& witness_;
    const Shadow& shadow_;
};

}  // namespace

// The control plane as it runs in a process of the world.
class Universe::ServerProgram final : public sim::Program {
  public:
    ServerProgram(Universe& universe, sim::Process& process)
        : universe_(universe),
          follower_(universe.world_, universe.shadow_),
          clock_(process),
          http_(process, universe.witness_),
          entropy_(process),
          telemetry_(process, universe.witness_, universe.deliveries_),
          provider_(http_, telemetry_, fly_options()) {
        auto store = lifecycle::Store::open(
            {kDatabase, process.disk().vfs_name(), &follower_, &telemetry_}, process.executor());
        if (!store) throw lifecycle::StoreFailure(store.error().message);
        const lifecycle::Ports ports{process.executor(), clock_, http_, entropy_, telemetry_};
        system_ = std::make_unique<lifecycle::System>(
            std::move(*store), ports, provider_, system_options(),
            [this, &process](std::exception_ptr failure) { die(process, std::move(failure)); });
        universe.shadow_.recover(system_->store());
        universe.world_.recovered([&process] { return content_digest(process.disk().vfs_name()); });
        fakes::listen(process, kControlAuthority,
                      [this](lifecycle::HttpRequest request, fakes::Respond respond) {
                          serve(std::move(request), std::move(respond));
                      });
        system_->start();
    }
    ~ServerProgram() override {
        universe_.deliveries_.clear();
        universe_.witness_.on_server_down();
    }

  private:
    static lifecycle::FlyOptions fly_options() {
        lifecycle::FlyOptions options;
        options.authority = kFlyAuthority;
        options.app = "vivarium";
        options.token = kFlyToken;
        return options;
    }

    void serve(lifecycle::HttpRequest request, fakes::Respond respond) {
        std::string what = fmt::format("{} {}", request.method, request.target);
        system_->serve(std::move(request),
                       [this, label = std::move(what),
                        send = std::move(respond)](lifecycle::HttpResponse response) mutable {
                           universe_.world_.observe();
                           universe_.witness_.on_server_answer(label, response);
                           send(std::move(response));
                       });
    }

    void die(sim::Process& process, std::exception_ptr failure) {
        try {
            std::rethrow_exception(std::move(failure));
        } catch (const lifecycle::StoreFailure& store) {
            process.crash(store.what());
        } catch (const std::exception& bug) {
            universe_.witness_.on_bug(bug.what());
            process.crash(bug.what());
        }
    }

    Universe& universe_;
    ObservedShadow follower_;
    fakes::SimClock clock_;
    WatchedHttp http_;
    fakes::SimEntropy entropy_;
    WatchedTelemetry telemetry_;
    lifecycle::FlyProvider provider_;
    std::unique_ptr<lifecycle::System> system_;
};

Universe::Universe(sim::Tape& tape, sim::Trace& trace, Witness& witness, sim::Recorder* recorder)
    : witness_(witness),
      shadow_(witness),
      world_(tape, trace, recorder),
      server_(world_.add_process("server", "server")),
      fly_(world_.add_process("fly", "fly")),
      client_(world_.add_process("client", "client")),
      boxes_(world_, kDaemonPort),
      nemesis_(world_, {&server_}, {{"client", "server"}, {"server", "fly"}, {"server", "box"}}) {
    // Scripts and properties look at both while others run.
    client_.always_observes();
    fly_.always_observes();
    fakes::FlyCloudOptions fly;
    fly.token = kFlyToken;
    fly.address = [](std::uint64_t number) { return fmt::format("fdaa:0:1::{:x}", number); };
    fly_clock_ = std::make_unique<fakes::SimClock>(fly_);
    fly_cloud_ = std::make_unique<fakes::FlyCloud>(*fly_clock_, tape, boxes_, std::move(fly));
    fly_observer_ = std::make_unique<FlyWatch>(world_, witness_, shadow_);
    fly_cloud_->observe(*fly_observer_);
    fly_.boot();
    fakes::listen(fly_, kFlyAuthority,
                  [this](const lifecycle::HttpRequest& request, fakes::Respond respond) {
                      fly_cloud_->handle(request, std::move(respond));
                  });
    client_.boot();
    server_.set_program(
        [this](sim::Process& process) { return std::make_unique<ServerProgram>(*this, process); });
    server_.supervise(seconds(60));
    server_.boot();
}

Universe::~Universe() = default;

bool Universe::play(const std::function<Script(Stage)>& script, sim::Duration at_most) {
    script_done_ = false;
    script_since_ = world_.now();
    boost::asio::co_spawn(client_.executor(), script(Stage(*this)),
                          [this](std::exception_ptr failure) { script_ended(failure); });
    world_.run_until(world_.now() + at_most);
    if (script_failure_) std::rethrow_exception(std::exchange(script_failure_, nullptr));
    return script_done_;
}

void Universe::script_ended(std::exception_ptr failure) {
    script_done_ = true;
    script_failure_ = std::move(failure);
    world_.halt();
}

std::vector<sim::Waiting> Universe::waiting() const {
    std::vector<sim::Waiting> all;
    if (!script_done_) all.push_back({"script", "its end", script_since_});
    for (const auto& [id, since] : deliveries_) {
        const auto row = shadow_.events().find(id);
        std::string what = fmt::format("the end of event {}", id);
        if (row != shadow_.events().end()) {
            what += fmt::format(", {} of {}", row->second.kind, row->second.machine);
        }
        all.push_back({"outbox", std::move(what), since});
    }
    for (const auto& [id, event] : shadow_.events()) {
        if (event.state != "pending" || deliveries_.contains(id)) continue;
        all.push_back(
            {"outbox",
             fmt::format("a worker for event {}, {} of {}", id, event.kind, event.machine),
             world_.now()});
    }
    std::vector<sim::Waiting> calls = world_.waiting();
    all.insert(all.end(), std::make_move_iterator(calls.begin()),
               std::make_move_iterator(calls.end()));
    return all;
}

std::string Universe::ask(const std::string& sql) {
    try {
        if (!server_.alive()) server_.disk().reconnect();
        lifecycle::Database database(kDatabase, server_.disk().vfs_name());
        return database.table(sql);
    } catch (const lifecycle::StoreFailure& failure) {
        return fmt::format("the database cannot answer: {}\n", failure.what());
    }
}

void Universe::calm(sim::Duration settle) {
    world_.tape().calm_faults();
    nemesis_.stop();
    world_.self().emit("calm", {});
    world_.run_until(world_.now() + settle);
}

}  // namespace scenarios
