#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fakes/cloud.hpp"
#include "sim/world/time.hpp"
#include "system/model/machine.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/volumes.hpp"
#include "system/store/store.hpp"

namespace scenarios {

class Witnesses;

// A row of the outbox, as far as properties care.
struct EventRow {
    std::int64_t id = 0;
    std::string kind;
    std::string subject;
    std::string ordering_key;
    std::string machine;
    std::string state;            // "pending", "done" or "dead"
    std::int64_t created_at = 0;  // by the clock of the server, in microseconds
    std::int64_t available_at = 0;
    std::string outcome;  // why
    std::string died_of;  // empty unless it is dead
    std::string lease_owner;
    std::int64_t lease_epoch = 0;
    std::string dedupe_key;
};

struct ProjectRow {
    std::string id;
    std::string active_machine;
    bool archived = false;
};

// A volume that a cloud still has.
struct CloudVolume {
    std::string id;
    std::string name;
    std::string attached_to;  // empty: free
    bool leaving = false;
    std::set<std::string> holds;    // the machines whose writing is whole here
    std::set<std::string> awaited;  // and whose writing is still being copied to it
    bool out_of_reach = false;      // with its host
    bool has_data() const { return !holds.empty() || !awaited.empty(); }
};

// What there is at the providers, whatever anybody believes.
class Clouds {
  public:
    virtual ~Clouds() = default;
    virtual std::vector<fakes::CloudMachine> inventory() const = 0;
    virtual std::vector<CloudVolume> volumes() const = 0;
    // The boot of the box that answers at the address of the machine of that id; empty if none
    // does.
    virtual std::string boot_at(const std::string& id) const = 0;
};

// A copy of the control plane's durable state that follows its commits, so that properties look at
// what is true and not at what the core says of itself. Costs one read for each changed row.
class Shadow final : public lifecycle::CommitFollower {
  public:
    Shadow(const Witnesses& witnesses, const Clouds& clouds)
        : witnesses_(&witnesses), clouds_(&clouds) {}

    void on_commit(lifecycle::ReadTx& tx,
                   const std::vector<lifecycle::RowChange>& changes) override;

    // After a start of the server: reads everything again and tells the witnesses what the crash
    // did to it.
    void recover(lifecycle::Store& store);

    const std::map<std::string, lifecycle::Machine>& machines() const { return machines_; }
    const std::map<std::int64_t, EventRow>& events() const { return events_; }
    const std::map<std::string, lifecycle::ProviderResource>& resources() const {
        return resources_;
    }
    const std::map<std::string, ProjectRow>& projects() const { return projects_; }
    // The identity of the installation, which its resources have.
    const std::string& installation() const { return installation_; }
    // Whether what has these labels is ours: our identity's, or the machine's of a row.
    bool owns(const std::map<std::string, std::string>& labels) const;
    // External ids of what is in quarantine, by provider.
    const std::map<std::string, std::set<std::string>>& quarantine() const { return quarantine_; }

    // When the last commit was, by the world's clock.
    sim::VirtualTime now() const { return now_; }
    void pass(sim::VirtualTime now) { now_ = now; }
    // When the last one was that said more than that boxes live and time goes on.
    sim::VirtualTime changed_at() const { return changed_at_; }

    // The truth that the rows are about.
    const Clouds& clouds() const { return *clouds_; }
    const std::map<std::string, lifecycle::VolumeRow>& volumes() const { return volumes_; }
    // By machine and boot.
    using Credentials = std::map<std::string, std::map<std::string, lifecycle::Credential>>;
    const Credentials& credentials() const { return credentials_; }
    // The one of the machine that is not superseded; null if there is none.
    const lifecycle::Credential* live_credential(const std::string& machine) const;
    const std::map<std::string, lifecycle::Delegation>& delegations() const { return delegations_; }
    // Those of projects that are open, by id.
    const std::map<std::int64_t, lifecycle::ProjectError>& open_errors() const { return errors_; }
    // The projects in which a request for a machine waits, by request.
    const std::map<std::int64_t, std::string>& waiting() const { return waiting_; }

    // The next recovery is of a store that somebody has changed behind the server's back: what was
    // there before says nothing.
    void forget();

    const lifecycle::Machine* machine(const std::string& id) const;
    // Readiness events ever accepted for a machine.
    int readiness_events(const std::string& machine) const;

  private:
    void read_machine(lifecycle::ReadTx& tx, std::int64_t row);
    void forget_row(const lifecycle::RowChange& change);
    void read_event(lifecycle::ReadTx& tx, std::int64_t row);
    void read_resource(lifecycle::ReadTx& tx, std::int64_t row);
    void read_project(lifecycle::ReadTx& tx, std::int64_t row);
    void read_volume(lifecycle::ReadTx& tx, std::int64_t row);
    void read_credential(lifecycle::ReadTx& tx, std::int64_t row);
    void read_delegation(lifecycle::ReadTx& tx, std::int64_t row);
    void read_installation(lifecycle::ReadTx& tx);
    void read_quarantine(lifecycle::ReadTx& tx);
    void read_error(lifecycle::ReadTx& tx, std::int64_t row);
    void read_request(lifecycle::ReadTx& tx, std::int64_t row);

    const Witnesses* witnesses_;
    const Clouds* clouds_;
    sim::VirtualTime now_{};
    sim::VirtualTime changed_at_{};
    std::map<std::string, lifecycle::Machine> machines_;
    std::map<std::int64_t, EventRow> events_;
    std::map<std::string, lifecycle::ProviderResource> resources_;
    std::map<std::string, ProjectRow> projects_;
    std::map<std::string, lifecycle::VolumeRow> volumes_;
    // Of commits that a dying process could not read any more: the next that can, does.
    std::deque<lifecycle::RowChange> unread_;
    Credentials credentials_;
    std::map<std::string, lifecycle::Delegation> delegations_;
    std::map<std::int64_t, lifecycle::ProjectError> errors_;
    std::map<std::int64_t, std::string> waiting_;
    std::map<std::string, int> readiness_;
    std::map<std::int64_t, std::string> machine_rows_;  // the ids of machines by their rows
    std::string installation_;
    std::map<std::string, std::set<std::string>> quarantine_;
    bool forgotten_ = false;  // and not recovered since
};

}  // namespace scenarios
