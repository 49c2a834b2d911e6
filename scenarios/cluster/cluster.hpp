#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/consul/consul.hpp"
#include "fakes/daytona/cloud.hpp"
#include "fakes/docker/engine.hpp"
#include "fakes/fly/cloud.hpp"
#include "fakes/hosts/sim_boxes.hpp"
#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/nemesis.hpp"
#include "scenarios/cluster/sites.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/world.hpp"
#include "system/model/secrets.hpp"
#include "system/system.hpp"

namespace scenarios {

using Script = boost::asio::awaitable<void>;

inline constexpr std::uint16_t kDaemonPort = 8080;
// How long what no row knows is kept in this world.
inline constexpr lifecycle::Duration kQuarantine = std::chrono::minutes(90);
inline constexpr lifecycle::Duration kLease = std::chrono::seconds(30);  // of an event
inline constexpr const char* kApiAuthority = "api.internal:80";          // for clients
inline constexpr const char* kControlAuthority = "control.internal:80";  // for boxes
inline constexpr const char* kGithubSecret = "github-secret";
inline constexpr const char* kConsulAuthority = "consul.internal:8500";
// How long the control plane remembers what is over. Longer than any storm.
inline constexpr lifecycle::Duration kKeepFor = std::chrono::hours(12);
inline constexpr sim::Duration kWatchEvery = std::chrono::minutes(2);
// By which secrets are known wherever they stray.
using lifecycle::kBootstrapMark;
using lifecycle::kTokenMark;
// What clients prove themselves by.
inline constexpr const char* kAdminToken = "vvt_admin-token-of-the-simulated-world";
// What every secret of the world's boxes is derived from.
inline constexpr const char* kIdentityKey = "identity-key-of-the-simulated-world";

struct ClusterOptions {
    int servers = 1;        // control planes on one host and over one database
    bool new_disk = false;  // without the schema, which the first of them makes
};

// A whole system in one simulated world: the control plane on its own disk, the clouds with their
// boxes, and a client whose script moves everything. The witness sees all of it.
class Cluster final : private Clouds {
  public:
    // Tape, trace, witness and recorder must outlive the cluster.
    Cluster(sim::Tape& tape, sim::Trace& trace, const Witnesses& witnesses,
            sim::Recorder* recorder = nullptr, ClusterOptions options = {});
    ~Cluster() override;
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    sim::World& world() { return world_; }
    sim::Process& server(std::size_t number = 0) { return *servers_[number]; }
    sim::Process& client() { return client_; }
    // For what only that cloud can do.
    fakes::FlyCloud& fly() { return dynamic_cast<fakes::FlyCloud&>(*cloud("fly")); }
    const fakes::FlyCloud& fly() const {
        return dynamic_cast<const fakes::FlyCloud&>(*cloud("fly"));
    }
    fakes::DaytonaCloud& daytona() { return dynamic_cast<fakes::DaytonaCloud&>(*cloud("daytona")); }
    fakes::DockerEngine& docker() { return dynamic_cast<fakes::DockerEngine&>(*cloud("docker")); }
    fakes::SimBoxes& boxes() { return boxes_; }
    fakes::Consul& consul() { return consul_; }
    // By provider; null if there is none of that name.
    fakes::Cloud* cloud(std::string_view provider) const;
    // All that the clouds still have.
    std::vector<fakes::CloudMachine> inventory() const override;
    std::vector<CloudVolume> volumes() const override;
    std::string boot_at(const std::string& id) const override { return boxes_.boot_at(id); }
    Nemesis& nemesis() { return nemesis_; }
    const Shadow& shadow() const { return shadow_; }
    const Witnesses& witnesses() { return witnesses_; }
    std::vector<Demand>& demands() { return demands_; }

    // Begins a script in the client's process.
    void begin(Script script);
    // Whether it has ended; throws what left it.
    bool script_is_over();
    // Runs one until it ends (true) or that much time has passed.
    bool play(Script script, sim::Duration at_most);

    // Switches every fault off, heals the network, and wakes who is paused.
    void calm();

    // The answer of the server's database to a query, as text; whether or not the server is up.
    std::string ask(const std::string& sql);
    // The same, or why there is no answer.
    std::expected<std::string, std::string> try_ask(const std::string& sql);

    // Stops every server, changes the database behind their backs, and starts them again.
    void tamper(const std::string& sql);
    // The same, and nothing is left in it: as if they were pointed at another file.
    void empty_database();

    // Another process of the host begins to write to the database, and is not done until
    // unlock_store().
    void lock_store();
    void unlock_store();

    // Who waits for what: the script, calls on the network, deliveries of the outbox.
    std::vector<sim::Waiting> waiting() const;

    // Shows the witness all that the server's database holds, and counts the rows of each table;
    // nothing if it cannot be read.
    std::map<std::string, std::int64_t> take_stock();

    // For scripts: exceptions that end the run, such as a bug of the harness itself.
    void script_ended(std::exception_ptr failure);

  private:
    class ServerProgram;

    static std::vector<sim::Process*> make_servers(sim::World& world, int count);
    // What a site's cloud runs in.
    struct Host {
        sim::Process& process;
        std::unique_ptr<fakes::SimClock> clock;
    };
    // The server's, whether or not that is up.
    lifecycle::Database open_database();
    static std::vector<Host> make_hosts(sim::World& world);
    static std::vector<Nemesis::Ends> links();
    void serve(const Site& site, sim::Process& process, fakes::Cloud& cloud);
    void serve_routes();

    const Witnesses& witnesses_;
    Shadow shadow_;
    // Of the outbox, under way, since when. Programs look at it until the world is gone.
    using Delivered = std::pair<std::string, std::int64_t>;  // server, event
    std::map<Delivered, sim::VirtualTime> deliveries_;
    sim::World world_;
    std::vector<sim::Process*> servers_;
    std::vector<Host> hosts_;  // by site
    sim::Process& consul_process_;
    sim::Process& client_;
    fakes::SimBoxes boxes_;
    std::unique_ptr<fakes::CloudObserver> observer_;
    std::vector<std::unique_ptr<fakes::Cloud>> clouds_;  // by site
    fakes::Consul consul_;
    Nemesis nemesis_;
    std::vector<Demand> demands_;
    struct Lock {
        sim::Process& holder;
        std::unique_ptr<lifecycle::Database> database;
    };
    std::optional<Lock> lock_;
    sim::VirtualTime script_since_{0};
    bool script_done_ = true;
    std::exception_ptr script_failure_;
};

}  // namespace scenarios
