#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fakes/fly/cloud.hpp"
#include "fakes/hosts/sim_boxes.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/net/network.hpp"
#include "sim/world/time.hpp"
#include "system/ports/http.hpp"

namespace scenarios {

// What a script can do: a client of the control plane that never gives up, and a hand on the world.
// Small, and copied freely.
class Stage {
  public:
    explicit Stage(Cluster& cluster) : cluster_(&cluster) {}

    // Asks for a machine until that is acknowledged; the id of the machine.
    boost::asio::awaitable<std::string> create(std::string project, std::string provider = "fly",
                                               std::int64_t volume_gb = 0);
    // The same for a machine of a kind that may take that long until it is active.
    boost::asio::awaitable<std::string> create_slow(std::string project,
                                                    std::int64_t active_within_s);
    // Registers as a box of that machine, with that secret; the status of the answer.
    boost::asio::awaitable<int> introduce(std::string machine, std::string secret);
    // Wants the project's machine, or that one, replaced; what the answer calls the next one, and
    // whether it was on its way already. Asks until it is answered; empty if it is refused.
    struct Recreated {
        std::string machine;
        bool joined = false;
    };
    boost::asio::awaitable<Recreated> recreate(std::string project, std::string machine = {});
    // Hands work to the project's agent until that is acknowledged; the id of the delegation, or
    // nothing if it is refused.
    boost::asio::awaitable<std::string> delegate(std::string project, std::int64_t timeout_s);
    // Waits until the delegation is in that state; false after `within`.
    boost::asio::awaitable<bool> until_delegation(std::string delegation,
                                                  lifecycle::DelegationState state,
                                                  sim::Duration within);
    // Whether the project is said to be online; nothing if there is no answer.
    boost::asio::awaitable<std::optional<bool>> online(std::string project);
    // What the project says went wrong last; empty if there is no answer.
    boost::asio::awaitable<std::string> last_error(std::string project);
    // Asks for a machine's restart under that key until it is answered; the status of the answer.
    boost::asio::awaitable<int> restart(std::string machine, std::string key);
    // Retires a machine until that is acknowledged.
    boost::asio::awaitable<void> retire(std::string machine);
    // Gives a whole project up, volumes and all, until that is acknowledged.
    boost::asio::awaitable<void> archive(std::string project);
    // A delivery of GitHub's webhook that tells of a push; the status of the answer.
    struct Push {
        std::string repository;
        std::string commit;
        std::string delivery = {};   // its number; empty: one that goes with the commit
        std::int64_t pushed_at = 0;  // 0: the delivery does not say
        std::string secret = kGithubSecret;
    };
    boost::asio::awaitable<int> push(Push push);
    // Waits until the API says that the machine is in that state; false after `within`.
    boost::asio::awaitable<bool> until(std::string machine, std::string state,
                                       sim::Duration within);
    // Takes for granted that the machine becomes active within half an hour.
    boost::asio::awaitable<void> expect_active(std::string machine);
    // That it does within a quarter of one, that its provider has one of its name, and that it was
    // probed for once.
    boost::asio::awaitable<void> expect_one_active(std::string machine);
    // One request of a client, answered or not; `bearer` is who it says it is from.
    boost::asio::awaitable<std::optional<lifecycle::HttpResponse>> call(
        std::string method, std::string target, std::string body = {},
        std::string bearer = kAdminToken);
    // A request that may be sent again under its key.
    boost::asio::awaitable<std::optional<lifecycle::HttpResponse>> post_under(std::string key,
                                                                              std::string target,
                                                                              std::string body);
    // A request as it is, answered or not.
    boost::asio::awaitable<std::optional<lifecycle::HttpResponse>> send(
        lifecycle::HttpRequest request);
    // One at the address that boxes are told.
    boost::asio::awaitable<std::optional<lifecycle::HttpResponse>> call_as_box(
        std::string method, std::string target, std::string body = {}, std::string bearer = {});
    boost::asio::awaitable<void> sleep(sim::Duration duration);

    // What a script takes for granted; if it is not so, the run is broken and says `what`.
    void expect(bool held, std::string_view what);

    Cluster& cluster() { return *cluster_; }
    const Shadow& shadow() const { return cluster_->shadow(); }
    fakes::FlyCloud& fly() { return cluster_->fly(); }
    fakes::SimBoxes& boxes() { return cluster_->boxes(); }
    // The row of a machine, or Fly's machine of that name. A script that takes for granted what is
    // not there ends: these throw.
    const lifecycle::Machine& machine(const std::string& id) const;
    const fakes::FlyMachine& fly_machine(const std::string& name);
    // Whether some cloud has a machine of that name, and is not destroying it.
    bool exists(const std::string& machine) const;
    // The id of the volume that the project's machines mount; empty if there is none yet.
    std::string volume_of(const std::string& project) const;
    // How many the clouds have that have its label, those that are being destroyed left out.
    int count(const std::string& machine) const;
    // The value of a gauge or counter of the control plane, labels left out: the sum; -1 if it did
    // not answer.
    boost::asio::awaitable<std::int64_t> metric(std::string name);
    sim::Network& network() { return cluster_->world().network(); }

  private:
    // Repeats a request until an answer below 500 comes, and gives that.
    boost::asio::awaitable<lifecycle::HttpResponse> insist(lifecycle::HttpRequest request);
    boost::asio::awaitable<std::string> ask_for_machine(std::string project, std::string body);

    Cluster* cluster_;
};

// The last word of every run: the client of each project that was not archived asks for a working
// machine, creating one if there is none, and notes what it got.
Script demand_machines(Stage stage);

}  // namespace scenarios
