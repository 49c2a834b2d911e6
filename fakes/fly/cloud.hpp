#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

namespace fakes {

// A machine as the fake keeps it.
struct FlyMachine {
    std::string id;
    std::string name;
    std::string region;
    std::string state;  // the API's own word
    std::string instance_id;
    std::string private_ip;
    nlohmann::json config;
    std::string volume;  // the id of what it mounts; empty: nothing
    lifecycle::Time created_at{};
    lifecycle::Time visible_at{};  // when reads begin to show it
    std::string lease;             // the nonce of who holds it; meaningful until leased_until
    lifecycle::Time leased_until{};
    // While its host is out of reach: the state that was known before. Empty: it is within.
    std::string known_state;
    std::uint64_t episode = 0;  // counts transitions: a late timer of an older one does nothing
    bool launch_when_prepared = false;
    bool host_down = false;  // nobody reaches it: it is what it was
};

struct FlyVolume {
    std::string id;
    std::string name;
    std::string region;
    std::string state;  // the API's own word
    std::int64_t size_gb = 0;
    std::string attached_machine;   // id; empty: none
    std::set<std::string> holds;    // the machines whose writing is whole here
    std::set<std::string> awaited;  // and of a fork: what is still to be copied
    std::string source;             // the id of the volume that it is being filled from
    lifecycle::Time created_at{};
    std::uint64_t episode = 0;
    int snapshots = 0;
    lifecycle::Time snapshot_at{};
    lifecycle::Time visible_at{};  // when reads begin to show it
    bool host_down = false;
};

struct FlyCloudOptions {
    std::string app = "vivarium";
    std::string token = "fly-token";
    std::string region = "ams";
    std::uint16_t daemon_port = 8080;
    // The private address of the n-th machine, n from 1.
    std::function<std::string(std::uint64_t)> address;
    // Steers a script: machines launch by themselves although skip_launch was asked for.
    bool launch_eagerly = false;
    // Every creation is refused for good, in these words; empty: none is.
    std::string refuse_create;
    // Every second creation of a name is refused in a form that no client can read.
    bool garble_conflicts = false;
    // And reads show the machine of that name without its id.
    std::string odd;
    // And reads begin to show a new machine that much later, lists as much later again.
    lifecycle::Duration lag{0};
    // The next so many creations take effect and are answered 408.
    int late_creates = 0;
    // Names that the registry takes for used by a machine, whose id follows, that is not there.
    std::map<std::string, std::string> ghosts;
    lifecycle::Duration start_delay{0};    // that every start takes longer
    int failed_starts = 0;                 // the next so many do nothing, and are answered 500
    bool fail_launches = false;            // no machine gets to run
    bool refuse_destroys = false;          // every destruction is answered 503
    lifecycle::Duration destroy_delay{0};  // that every destruction takes longer
    // The next so many volumes are on their way out as soon as they are made; reads still show
    // them.
    int vanishing_volumes = 0;
    // The next so many creations of volumes come to nothing, and are answered 500.
    int lost_volumes = 0;
    // A fork may be made of what is still being filled, as far as it is.
    bool fork_half_filled = false;
    std::set<std::string> full_regions;      // that have no room for machines
    std::set<std::string> stranded_volumes;  // beside which there is no room
    std::set<std::string> crowded_volumes;   // the same, told in the words of a full host
    bool full_of_volumes = false;            // no volume is made, in whatever region
    lifecycle::Duration hydrate_delay{0};    // that every fork takes longer until it is filled
};

// Fly's Machines API in its real dialect, over machines that take their time: they are prepared,
// start, stop, and are destroyed while the clock runs; reads lag behind writes; requests are
// throttled per action and id; and what the tape decides goes wrong.
class FlyCloud final : public Cloud {
  public:
    FlyCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host, FlyCloudOptions options);

    FlyCloudOptions& options() { return options_; }
    static Act act_of(const lifecycle::HttpRequest& request);
    static RequestedMachine requested_by(const lifecycle::HttpRequest& create);
    void handle(const lifecycle::HttpRequest& request, Respond respond) override;
    std::vector<CloudMachine> inventory() const override;
    void lose(const std::string& name) override;
    // For so long the API does not reach the machine's host: reads say what it knew before, in an
    // incomplete form, and whatever needs the host fails. The machine itself notices nothing.
    void lose_sight(const std::string& name, lifecycle::Duration duration);
    // For so long reads do not find the machine, which notices nothing either.
    void hide(const std::string& name, lifecycle::Duration duration);
    // The same of the volume of that id.
    void hide_volume(const std::string& id, lifecycle::Duration duration);
    void stop_by_itself(const std::string& name) override;
    // The host of that volume, and of the machine that mounts it, is out of reach until it returns.
    // Reads show what was known of them; what has to be done there waits, or is refused.
    void lose_host(const std::string& volume);
    void return_host(const std::string& volume);
    // Somebody destroys a volume that no machine mounts.
    void destroy_by_hand(const std::string& volume) { destroy_volume(volume); }

    // Everything that exists, gone machines excepted. By id.
    const std::map<std::string, FlyMachine>& machines() const { return machines_; }
    const std::map<std::string, FlyVolume>& volumes() const { return volumes_; }
    const FlyMachine* find_by_name(std::string_view name) const;

  private:
    struct Waiter {
        std::uint64_t number;
        std::string id;
        std::string wanted;
        Respond respond;
    };
    lifecycle::HttpResponse respond_to(const lifecycle::HttpRequest& request,
                                       std::string_view path);
    lifecycle::HttpResponse respond_about_machines(const lifecycle::HttpRequest& request,
                                                   std::string_view path, std::string_view query);
    lifecycle::HttpResponse respond_about_volumes(const lifecycle::HttpRequest& request,
                                                  std::string_view path);
    lifecycle::HttpResponse create_volume(const lifecycle::HttpRequest& request);
    lifecycle::HttpResponse snapshot_volume(FlyVolume& volume);
    lifecycle::HttpResponse destroy_volume(const std::string& id);
    // Fills a fork in the background, for as long as what it is forked from is there.
    void hydrate(FlyVolume& fork);
    // What hangs on the volume and is not copied yet is lost with it.
    void strand_forks(const std::string& source);
    // Why a machine has no room, if it has none.
    std::optional<lifecycle::HttpResponse> refuse_for_room(const std::string& region,
                                                           const std::string& volume);
    void detach_volume(const FlyMachine& machine);
    lifecycle::HttpResponse create(const lifecycle::HttpRequest& request);
    // A machine as an answer shows it, `odd` or not.
    nlohmann::json shown(const FlyMachine& machine, bool odd) const;
    lifecycle::HttpResponse list(std::string_view query);
    lifecycle::HttpResponse get(const std::string& id);
    // Sets one label, as POST .../metadata/{key} does.
    lifecycle::HttpResponse annotate(const std::string& id, std::string_view key,
                                     const lifecycle::HttpRequest& request);
    lifecycle::HttpResponse start(const std::string& id);
    lifecycle::HttpResponse stop(const std::string& id);
    lifecycle::HttpResponse restart(const std::string& id);
    lifecycle::HttpResponse lease(const lifecycle::HttpRequest& request, const std::string& id);
    // The refusal of a change to a machine that somebody else has leased.
    std::optional<lifecycle::HttpResponse> refuse_for_lease(const lifecycle::HttpRequest& request,
                                                            const std::string& id) const;
    lifecycle::HttpResponse destroy(const std::string& id, std::string_view query);
    void wait(const std::string& id, std::string_view query, Respond respond);

    FlyMachine* visible(const std::string& id);
    // The refusal of what needs a host that is out of reach.
    std::optional<lifecycle::HttpResponse> refuse_for_host(const std::string& id) const;
    void lose_sight(FlyMachine& machine, lifecycle::Duration duration);
    void enter(FlyMachine& machine, std::string state);
    void prepare(FlyMachine& machine);
    void launch(FlyMachine& machine);
    void finish_destroying(FlyMachine& machine);
    void give_up_waiting(std::uint64_t number);
    void halt(FlyMachine& machine);
    CloudMachine described(const FlyMachine& machine) const;

    FlyCloudOptions options_;
    std::map<std::string, FlyMachine> machines_;
    std::map<std::string, FlyVolume> volumes_;
    std::vector<Waiter> waiters_;
    std::uint64_t created_ = 0;
    std::uint64_t volumes_created_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t leases_ = 0;
    sim::LaneId mishap_lane_;
    sim::LaneId capacity_lane_;
    sim::LaneId lag_lane_;
    sim::LaneId odd_lane_;
    sim::LaneId eager_lane_;
    sim::LaneId launch_failure_lane_;
    sim::LaneId prepare_lane_;
    sim::LaneId start_lane_;
    sim::LaneId stop_lane_;
    sim::LaneId exit_lane_;
    sim::LaneId linger_lane_;
    sim::LaneId loss_lane_;
    sim::LaneId hydrate_lane_;
    sim::LaneId order_lane_;
    sim::LaneId host_lane_;
};

}  // namespace fakes
