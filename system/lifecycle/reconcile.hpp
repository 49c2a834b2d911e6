#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "system/concurrency/periodic_loop.hpp"
#include "system/lifecycle/component.hpp"
#include "system/outbox/outbox.hpp"

namespace lifecycle {

// One difference between rows and providers.
struct Finding {
    std::string kind;      // "broken-row", "lost-id", "unfit", "missing", "stopped", "failed",
                           // "orphan", "double", "newer", "unknown-volume", "ambiguous-volume",
                           // "quarantined"
    std::string machine;   // empty: none of ours
    std::string resource;  // external id; empty: none
    std::string what;      // in words
    std::string action;    // what was done, or would be
    bool done = false;
    std::string provider = {};  // of the resource; empty: none
};

struct ReconcileReport {
    std::vector<Finding> findings;
    // What gave no answer, or none that could be read whole: no absence is concluded there.
    std::vector<std::string> unknown;
    std::string halted = {};        // why nothing was destroyed that should have been; or empty
    std::string installation = {};  // the identity that our resources have
};

struct ReconcileOptions {
    // How often rows and providers are compared; zero: never.
    Duration every = std::chrono::minutes(5);
    // How long a resource that is ours and that no row knows is watched before it is destroyed;
    // zero: until a person says so.
    Duration quarantine_for = std::chrono::hours(24 * 7);
    // A comparison that would destroy more than so many, or give up more than so many and more than
    // such a share of what is there, does none of it.
    std::int64_t max_swept = 3;
    std::int64_t max_swept_percent = 10;
};

// Compares what the rows say with what the providers have, both ways. What looks wrong has to look
// so several times in a row, apart in time, before anything is destroyed or given up; only what
// has our labels is ever touched; a failed query is not evidence of absence. What is ours and no
// row knows is kept in quarantine for long: the rows may be what is wrong. A sweep that would
// destroy or give up more than a few, and more than a share of what is there, does none of it.
// Doing it twice does no more than doing it once.
class Reconciler final : public Loop, Component {
  public:
    // How often in a row a difference has to be seen before it is believed.
    static constexpr int kLooks = 3;

    Reconciler(Store& store, Ports ports, const Providers& providers, Outbox& outbox,
               ReconcileOptions options);

    // One comparison. Without `apply` it changes nothing and forgets nothing; but resources that a
    // person has named, by their external ids, are destroyed at once if they are among what a sweep
    // destroys sooner or later.
    boost::asio::awaitable<ReconcileReport> sweep(bool apply, std::set<std::string> named = {});

    boost::asio::awaitable<void> run() override;
    void stop() override { rounds_.stop(); }
    // Somebody met a difference: sweeps soon.
    void hasten() { rounds_.hasten(); }

  private:
    // How often in a row a difference was seen, and when that was last counted.
    struct Look {
        int looks = 0;
        Time at{};
    };
    using Destruction = boost::asio::awaitable<ProviderResult<void>> (Provider::*)(std::string);
    // What the sweep will do once it has seen everything.
    struct Planned {
        Finding finding;
        Destruction destruction = nullptr;  // of a resource or a volume; null: a machine is lost
        bool named = false;                 // by a person
        bool unknown = false;               // no row knows its machine
    };
    // One sweep under way.
    struct Sweep {
        bool apply;
        ReconcileReport report;
        std::map<std::string, Look> looks;
        // Machines that are not called missing: too little could be read of them, or they are
        // there, and their rows have lost the id.
        std::set<std::string> undecided = {};
        std::set<std::string> named = {};
        std::vector<Planned> planned = {};
        std::int64_t there = 0;           // resources of ours, the missing ones included
        std::set<std::string> kept = {};  // in quarantine: "provider id"
    };
    boost::asio::awaitable<void> mend_all();
    // Each of these is awaited by sweep(), whose frame holds the sweep.
    boost::asio::awaitable<void> mend_rows(Sweep* sweep);
    boost::asio::awaitable<void> compare(Sweep* sweep, std::string provider,
                                         Listing<Resource> present);
    // Volumes that an answer we never got has left behind.
    boost::asio::awaitable<void> collect_volumes(Sweep* sweep, std::string provider);
    // One of several that have the name of a volume that is given up and whose id is not known.
    boost::asio::awaitable<void> judge_ambiguous(Sweep* sweep, std::string provider, Volume volume);
    boost::asio::awaitable<void> judge_resource(Sweep* sweep, std::string provider,
                                                Resource resource);
    // A resource that has our identity and that no row knows. `newer`: the store knows that it is
    // older than it.
    boost::asio::awaitable<void> quarantine(Sweep* sweep, std::string provider, Resource resource,
                                            bool newer);
    // Ends the quarantine of what the provider does not have any more, or a row knows again.
    boost::asio::awaitable<void> release(Sweep* sweep, std::string provider);
    // The resource of a machine that has a row and was not confirmed gone.
    boost::asio::awaitable<void> judge_owned(Sweep* sweep, std::string provider, Resource resource,
                                             Machine machine);
    // A resource that says it is an active machine whose row has no id.
    boost::asio::awaitable<void> judge_lost_id(Sweep* sweep, Resource resource, Machine machine);
    boost::asio::awaitable<void> judge_machine(Sweep* sweep, Machine machine);
    // Changes rows at once; true of a change: it changed something.
    using Change = std::move_only_function<bool(Tx&)>;
    boost::asio::awaitable<void> repair(Sweep* sweep, Finding finding, Change change);
    // Plan to take a machine out of service, and to destroy a resource or a volume, once that is
    // certain.
    void lose(Sweep& sweep, Finding finding);
    void destroy(Sweep& sweep, std::string provider, Finding finding, Destruction destruction);
    // Does what was planned, unless it is too much at once.
    boost::asio::awaitable<void> carry_out(Sweep* sweep);
    boost::asio::awaitable<bool> carry_out_one(Planned* planned);
    // Counts a look at a difference, if the last was some time ago; true once it has been seen
    // often enough.
    bool believed(Sweep& sweep, const std::string& key);
    void note(Sweep& sweep, Finding finding);

    Outbox& outbox_;
    ReconcileOptions options_;
    std::map<std::string, Look> looks_;  // up to the last sweep that was to repair
    PeriodicLoop rounds_;
};

}  // namespace lifecycle
