#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fakes/fly_cloud.hpp"
#include "fakes/sim_boxes.hpp"
#include "fakes/sim_ports.hpp"
#include "scenarios/nemesis.hpp"
#include "scenarios/shadow.hpp"
#include "scenarios/witness.hpp"
#include "sim/world.hpp"
#include "system/system.hpp"

namespace scenarios {

class Stage;
using Script = boost::asio::awaitable<void>;

inline constexpr std::uint16_t kDaemonPort = 8080;
inline constexpr const char* kControlAuthority = "control.internal:80";
inline constexpr const char* kFlyAuthority = "_api.internal:4280";

// A whole system in one simulated world: the control plane on its own disk, a Fly with its boxes,
// and a client whose script moves everything. The witness sees all of it.
class Universe {
  public:
    // Tape, trace, witness and recorder must outlive the universe.
    Universe(sim::Tape& tape, sim::Trace& trace, Witness& witness,
             sim::Recorder* recorder = nullptr);
    ~Universe();
    Universe(const Universe&) = delete;
    Universe& operator=(const Universe&) = delete;

    sim::World& world() { return world_; }
    sim::Process& server() { return server_; }
    sim::Process& client() { return client_; }
    fakes::FlyCloud& fly() { return *fly_cloud_; }
    Nemesis& nemesis() { return nemesis_; }
    const Shadow& shadow() const { return shadow_; }
    Witness& witness() { return witness_; }
    std::vector<Demand>& demands() { return demands_; }

    // Runs a script in the client's process until it ends (true) or that much time has passed.
    bool play(const std::function<Script(Stage)>& script, sim::Duration at_most);

    // Switches every fault off, heals the network, wakes who is paused, and lets time pass.
    void calm(sim::Duration settle);

    // The answer of the server's database to a query, as text; whether or not the server is up.
    std::string ask(const std::string& sql);

    // Who waits for what: the script, calls on the network, deliveries of the outbox.
    std::vector<sim::Waiting> waiting() const;

    // For scripts: exceptions that end the run, such as a bug of the harness itself.
    void script_ended(std::exception_ptr failure);

  private:
    class ServerProgram;
    class FlyProgram;

    Witness& witness_;
    Shadow shadow_;
    // Of the outbox, under way, since when. Programs look at it until the world is gone.
    std::map<std::int64_t, sim::VirtualTime> deliveries_;
    sim::World world_;
    sim::Process& server_;
    sim::Process& fly_;
    sim::Process& client_;
    fakes::SimBoxes boxes_;
    std::unique_ptr<fakes::SimClock> fly_clock_;
    std::unique_ptr<fakes::FlyCloud> fly_cloud_;
    std::unique_ptr<fakes::FlyObserver> fly_observer_;
    Nemesis nemesis_;
    std::vector<Demand> demands_;
    sim::VirtualTime script_since_{0};
    bool script_done_ = true;
    std::exception_ptr script_failure_;
};

}  // namespace scenarios
