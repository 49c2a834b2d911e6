#include "scenarios/cluster/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "fakes/garble.hpp"
#include "scenarios/cluster/image.hpp"
#include "scenarios/cluster/watched_ports.hpp"
#include "sim/disk/disk.hpp"
#include "sim/world/hash.hpp"
#include "system/model/json.hpp"

namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kDatabase = "lifecycle.db";

constexpr sim::LaneKind kGarbled = sim::fault("answer.garbled", 1, 60, fakes::garbling);

lifecycle::SystemOptions system_options(const std::string& server, bool alone) {
    lifecycle::SystemOptions options;
    options.lifecycle.machines.region = "ams";
    options.lifecycle.machines.regions = {"ams", "fra", "cdg"};
    options.api.github_secret = kGithubSecret;
    options.identity_key = kIdentityKey;
    options.api.admin_token_hash = lifecycle::hash_of(kAdminToken);
    options.routes.authority = kConsulAuthority;
    // Rarer than in production: most of a run is quiet.
    options.api.heartbeat_every = minutes(2);
    options.identity.online_for = minutes(5);
    options.watchdog.every = kWatchEvery;
    options.watchdog.max_silent_looks = 4;
    options.lifecycle.control_authority = kControlAuthority;
    options.daemon.port = kDaemonPort;
    options.lifecycle.graces.detached = minutes(15);
    options.retention.keep_for = kKeepFor;
    options.lifecycle.reconcile.quarantine_for = kQuarantine;
    options.outbox.owner = server;
    options.outbox.lease = kLease;
    // Where nothing else adds events, looking for them without a reason is only work.
    options.outbox.poll = alone ? seconds(60) : seconds(20);
    return options;
}

// By name.
std::vector<std::string> tables_of(lifecycle::Database& database) {
    const std::string all =
        database.table("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    std::vector<std::string> names;
    std::size_t begin = all.find('\n') + 1;  // behind the header
    while (begin < all.size()) {
        const std::size_t end = all.find('\n', begin);
        names.push_back(all.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

// Of every row of every table, as SQLite reads them.
std::uint64_t content_digest(const std::string& vfs) {
    lifecycle::Database database(kDatabase, vfs);
    std::uint64_t digest = 0;
    for (const std::string& name : tables_of(database)) {
        digest = sim::combine(digest, name);
        digest = sim::combine(digest, database.table("SELECT * FROM " + name));
    }
    return digest;
}

}  // namespace

// The control plane as it runs in a process of the world.
class Cluster::ServerProgram final : public sim::Program {
  public:
    ServerProgram(Cluster& cluster, sim::Process& process)
        : cluster_(cluster),
          name_(process.name()),
          follower_(cluster.world_, cluster.witnesses_, cluster.shadow_),
          clock_(process),
          http_(process, cluster.witnesses_, cluster.shadow_),
          entropy_(process),
          telemetry_(process, cluster.witnesses_, cluster.shadow_, cluster.deliveries_),
          counters_(telemetry_) {
        for (const Site& site : sites()) {
            clients_.push_back(site.client({http_, clock_, counters_, process.executor()}));
        }
        auto store = open_store(kDatabase, process, &follower_, &counters_, &clock_);
        const lifecycle::Ports ports{process.executor(), clock_, http_, entropy_, counters_};
        lifecycle::Providers providers;
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            providers.add(sites()[i].name, *clients_[i]);
        }
        system_ = std::make_unique<lifecycle::System>(
            std::move(store), ports, counters_, std::move(providers),
            system_options(name_, cluster.servers_.size() == 1),
            [this, &process](std::exception_ptr failure) { die(process, std::move(failure)); });
        cluster.shadow_.pass(cluster.world_.now());
        cluster.shadow_.recover(system_->store());
        cluster.world_.recovered([&process] { return content_digest(process.disk().vfs_name()); });
        cluster.world_.observe();
        cluster.witnesses_.tell(&Witness::on_server_up, name_, cluster.world_.now());
        open(process, lifecycle::Door::clients, kApiAuthority);
        open(process, lifecycle::Door::boxes, kControlAuthority);
        system_->start();
    }
    ~ServerProgram() override {
        std::erase_if(cluster_.deliveries_,
                      [this](const auto& delivery) { return delivery.first.first == name_; });
        cluster_.world_.observe();
        cluster_.witnesses_.tell(&Witness::on_server_down, name_);
    }

  private:
    void open(sim::Process& process, lifecycle::Door door, const char* authority) {
        fakes::listen_beside(process, authority,
                             [this, door](lifecycle::HttpRequest request, fakes::Respond respond) {
                                 serve(door, std::move(request), std::move(respond));
                             });
    }

    void serve(lifecycle::Door door, lifecycle::HttpRequest request, fakes::Respond respond) {
        cluster_.world_.observe();
        cluster_.witnesses_.tell(&Witness::on_server_request, request.method, request.target);
        const sim::VirtualTime asked_at = cluster_.world_.now();
        lifecycle::HttpRequest served = request;
        system_->serve(door, std::move(served),
                       [this, asked_at, asked = std::move(request),
                        send = std::move(respond)](lifecycle::HttpResponse response) mutable {
                           cluster_.world_.observe();
                           cluster_.witnesses_.tell(&Witness::on_server_answer,
                                                    {name_, asked, response, asked_at,
                                                     cluster_.world_.now(), cluster_.shadow_});
                           send(std::move(response));
                       });
    }

    void die(sim::Process& process, std::exception_ptr failure) {
        try {
            std::rethrow_exception(std::move(failure));
        } catch (const lifecycle::StoreUnavailable& passing) {
            cluster_.witnesses_.tell(&Witness::on_bug, passing.what());
            process.crash(passing.what());
        } catch (const lifecycle::StoreFailure& store) {
            process.crash(store.what());
        } catch (const std::exception& bug) {
            cluster_.witnesses_.tell(&Witness::on_bug, bug.what());
            process.crash(bug.what());
        }
    }

    Cluster& cluster_;
    std::string name_;
    ObservedShadow follower_;
    fakes::SimClock clock_;
    WatchedHttp http_;
    fakes::SimEntropy entropy_;
    WatchedTelemetry telemetry_;
    lifecycle::Counters counters_;
    std::vector<std::unique_ptr<lifecycle::Provider>> clients_;  // by site
    std::unique_ptr<lifecycle::System> system_;
};

std::vector<sim::Process*> Cluster::make_servers(sim::World& world, int count) {
    std::vector<sim::Process*> servers = {&world.add_process("server", "server")};
    for (int number = 2; number <= count; ++number) {
        servers.push_back(&world.add_process(fmt::format("server-{}", number), "server"));
        servers.back()->mount(*servers.front());
    }
    return servers;
}

Cluster::Cluster(sim::Tape& tape, sim::Trace& trace, const Witnesses& witnesses,
                 sim::Recorder* recorder, ClusterOptions options)
    : witnesses_(witnesses),
      shadow_(witnesses, *this),
      world_(tape, trace, recorder),
      servers_(make_servers(world_, options.servers)),
      hosts_(make_hosts(world_)),
      consul_process_(world_.add_process("consul", "consul")),
      client_(world_.add_process("client", "client")),
      boxes_(world_),
      observer_(std::make_unique<CloudWatch>(world_, witnesses_, shadow_)),
      nemesis_(world_, servers_, links()) {
    for (std::size_t i = 0; i < sites().size(); ++i) {
        clouds_.push_back(sites()[i].cloud(*hosts_[i].clock, tape, boxes_));
    }
    for (std::size_t i = 0; i < sites().size(); ++i) {
        serve(sites()[i], hosts_[i].process, *clouds_[i]);
    }
    serve_routes();
    boxes_.on_processed([this](const std::string& machine, const std::string& delegation) {
        world_.observe();
        world_.self().emit("box.processed", {{"machine", machine}, {"delegation", delegation}});
        witnesses_.tell(&Witness::on_processed, machine, delegation);
    });
    client_.boot();
    if (!options.new_disk) server().disk().load(kDatabase, migrated_database());
    for (sim::Process* server : servers_) {
        server->set_program([this](sim::Process& process) {
            return std::make_unique<ServerProgram>(*this, process);
        });
        server->supervise(seconds(60));
        // What the shadow and the witness hear of it is said in tasks that observe.
        server->keeps_to_itself();
        server->boot();
    }
}

Cluster::~Cluster() = default;

std::vector<Cluster::Host> Cluster::make_hosts(sim::World& world) {
    std::vector<Host> all;
    for (const Site& site : sites()) {
        sim::Process& process = world.add_process(site.name, site.name);
        all.push_back({process, std::make_unique<fakes::SimClock>(process)});
    }
    return all;
}

std::vector<Nemesis::Ends> Cluster::links() {
    std::vector<Nemesis::Ends> all = {{"client", "server"}};
    for (const Site& site : sites()) all.push_back({"server", site.name});
    all.push_back({"server", "consul"});
    all.push_back({"server", "box"});
    return all;
}

void Cluster::serve(const Site& site, sim::Process& process, fakes::Cloud& cloud) {
    cloud.observe(*observer_);
    process.boot();
    const sim::LaneId lane = world_.tape().lane("garbled " + site.name, kGarbled);
    fakes::listen(
        process, site.authority,
        [this, lane, &cloud](const lifecycle::HttpRequest& request, fakes::Respond respond) {
            cloud.handle(request, [this, lane, send = std::move(respond)](
                                      lifecycle::HttpResponse response) mutable {
                const std::uint64_t way = world_.tape().draw(lane, fakes::kWaysToGarble);
                if (way != 0) {
                    response.body = fakes::garbled(response.body, way);
                    response.headers[kGarbledMark] = "yes";
                }
                send(std::move(response));
            });
        });
}

void Cluster::serve_routes() {
    consul_process_.boot();
    consul_.on_change([this](const std::string& key, const std::string& value) {
        const auto said = lifecycle::json_or_null(value);
        lifecycle::Route route;
        route.machine = said.value("machine", "");
        route.generation = said.value("generation", std::int64_t{0});
        route.address = said.value("address", "");
        route.tls = said.value("tls", false);
        consul_process_.emit("route", {{"key", key}, {"machine", route.machine}});
        witnesses_.tell(&Witness::on_route, key.substr(key.rfind('/') + 1), route);
    });
    consul_.on_conflict(
        [this](const std::string& key) { consul_process_.emit("route.conflict", {{"key", key}}); });
    fakes::listen(consul_process_, kConsulAuthority,
                  [this](const lifecycle::HttpRequest& request, fakes::Respond respond) {
                      respond(consul_.handle(request));
                  });
}

fakes::Cloud* Cluster::cloud(std::string_view provider) const {
    const auto found = std::ranges::find(sites(), provider, &Site::name);
    return found == sites().end() ? nullptr : clouds_[found - sites().begin()].get();
}

std::vector<fakes::CloudMachine> Cluster::inventory() const {
    std::vector<fakes::CloudMachine> all;
    for (const auto& cloud : clouds_) {
        std::vector<fakes::CloudMachine> some = cloud->inventory();
        all.insert(all.end(), std::make_move_iterator(some.begin()),
                   std::make_move_iterator(some.end()));
    }
    return all;
}

std::vector<CloudVolume> Cluster::volumes() const {
    std::vector<CloudVolume> all;
    for (const auto& [id, volume] : fly().volumes()) {
        all.push_back({id, volume.name, volume.attached_machine,
                       volume.state == "pending_destroy" || volume.state == "scheduling_destroy",
                       volume.holds, volume.awaited, volume.host_down});
    }
    return all;
}

void Cluster::begin(Script script) {
    script_done_ = false;
    script_since_ = world_.now();
    boost::asio::co_spawn(client_.executor(), std::move(script),
                          [this](std::exception_ptr failure) { script_ended(failure); });
}

bool Cluster::script_is_over() {
    if (script_failure_) std::rethrow_exception(std::exchange(script_failure_, nullptr));
    return script_done_;
}

bool Cluster::play(Script script, sim::Duration at_most) {
    begin(std::move(script));
    world_.run_until(world_.now() + at_most);
    return script_is_over();
}

void Cluster::script_ended(std::exception_ptr failure) {
    script_done_ = true;
    script_failure_ = std::move(failure);
    world_.halt();
}

std::vector<sim::Waiting> Cluster::waiting() const {
    std::vector<sim::Waiting> all;
    if (!script_done_) all.push_back({"script", "its end", script_since_});
    std::set<std::int64_t> in_hand;
    for (const auto& [delivered, since] : deliveries_) {
        const std::int64_t id = delivered.second;
        in_hand.insert(id);
        const auto row = shadow_.events().find(id);
        std::string what = fmt::format("the end of event {}", id);
        if (row != shadow_.events().end()) {
            what += fmt::format(", {} of {}", row->second.kind, row->second.machine);
        }
        all.push_back({"outbox of " + delivered.first, std::move(what), since});
    }
    for (const auto& [id, event] : shadow_.events()) {
        if (event.state != "pending" || in_hand.contains(id)) continue;
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

std::string Cluster::ask(const std::string& sql) {
    return try_ask(sql).value_or("");
}

lifecycle::Database Cluster::open_database() {
    if (!server().alive()) server().disk().reconnect();
    return lifecycle::Database(kDatabase, server().disk().vfs_name());
}

std::expected<std::string, std::string> Cluster::try_ask(const std::string& sql) {
    try {
        lifecycle::Database database = open_database();
        return database.table(sql);
    } catch (const lifecycle::StoreFailure& failure) {
        return std::unexpected(std::string(failure.what()));
    }
}

std::map<std::string, std::int64_t> Cluster::take_stock() {
    std::map<std::string, std::int64_t> counts;
    try {
        lifecycle::Database database = open_database();
        for (const std::string& table : tables_of(database)) {
            database.query("SELECT COUNT(*) FROM " + table, {}, [&](const lifecycle::Row& row) {
                counts[table] = row.integer(0);
                return false;
            });
            witnesses_.tell(&Witness::on_text, table, database.table("SELECT * FROM " + table));
        }
    } catch (const lifecycle::StoreFailure&) {
        counts.clear();  // a disk that is broken holds nothing
    }
    return counts;
}

void Cluster::tamper(const std::string& sql) {
    for (sim::Process* server : servers_) server->stop("stopped for maintenance");
    sim::Process& hand = world_.add_process("operator", "operator");
    hand.mount(server());
    hand.boot();
    lifecycle::Database(kDatabase, hand.disk().vfs_name()).script(sql.c_str());
    world_.remove_process(hand);
    world_.self().emit("tampered", {{"sql", sql}});
    witnesses_.tell(&Witness::on_tampered);
    shadow_.forget();
    for (sim::Process* server : servers_) server->boot();
}

void Cluster::lock_store() {
    sim::Process& holder = world_.add_process("operator", "operator");
    holder.mount(server());
    holder.boot();
    lock_.emplace(holder,
                  std::make_unique<lifecycle::Database>(kDatabase, holder.disk().vfs_name()));
    lock_->database->run("BEGIN IMMEDIATE");
    world_.self().emit("store.locked", {});
}

void Cluster::unlock_store() {
    sim::Process& holder = lock_->holder;
    lock_.reset();
    world_.remove_process(holder);
    world_.self().emit("store.unlocked", {});
}

void Cluster::empty_database() {
    std::string sql;
    {
        lifecycle::Database database = open_database();
        for (const std::string& name : tables_of(database)) {
            if (name != "schema_version") sql += fmt::format("DELETE FROM {};", name);
        }
    }
    tamper(sql);
}

void Cluster::calm() {
    world_.tape().calm_faults();
    nemesis_.stop();
    world_.self().emit("calm", {});
}

}  // namespace scenarios
