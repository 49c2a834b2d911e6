#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "system/concurrency/rounds.hpp"
#include "system/lifecycle/part.hpp"
#include "system/outbox/outbox.hpp"
#include "system/store/machines.hpp"

namespace lifecycle {

// One difference between rows and providers.
struct Finding {
    std::string kind;  // "broken-row", "lost-id", "unfit", "missing", "stopped", "failed",
                       // "orphan", "double", "newer", "unknown-volume"
    std::string machine;   // empty: none of ours
    std::string resource;  // external id; empty: none
    std::string what;      // in words
    std::string action;    // what was done, or would be
    bool done = false;
};

struct ReconcileReport {
    std::vector<Finding> findings;
    std::vector<std::string> unknown;  // providers that gave no answer: nothing is concluded there
};

// Compares what the rows say with what the providers have, both ways. What looks wrong has to look
// so several times in a row before anything is destroyed or given up; only what bears our labels is
// ever touched; no answer is no absence. Doing it twice does no more than doing it once.
class Reconciler : Part {
  public:
    // How often in a row a difference has to be seen before it is believed.
    static constexpr int kLooks = 3;

    Reconciler(Store& store, Ports ports, const Providers& providers, Outbox& outbox,
               LifecycleOptions options);

    // One comparison. Without `apply` it changes nothing and forgets nothing.
    boost::asio::awaitable<ReconcileReport> sweep(bool apply);

    // Sweeps now and then, until stop().
    boost::asio::awaitable<void> run();
    void stop() { rounds_.stop(); }
    // Somebody met a difference: sweeps soon.
    void hasten() { rounds_.hasten(); }

  private:
    // One sweep under way.
    struct Sweep {
        bool apply;
        ReconcileReport report;
        std::map<std::string, int> looks;
        std::set<std::string> undecided;  // machines of which too little could be read
    };
    // Each of these is awaited by sweep(), whose frame holds the sweep.
    boost::asio::awaitable<void> mend_rows(Sweep* sweep);
    boost::asio::awaitable<void> compare(Sweep* sweep, std::string provider,
                                         std::vector<Resource> present);
    // Volumes that an answer we never got has left behind.
    boost::asio::awaitable<void> collect_volumes(Sweep* sweep, std::string provider);
    boost::asio::awaitable<void> judge_resource(Sweep* sweep, std::string provider,
                                                Resource resource);
    // The resource of a machine that has a row and was not confirmed gone.
    boost::asio::awaitable<void> judge_owned(Sweep* sweep, std::string provider, Resource resource,
                                             Machine machine);
    // A resource that says it is an active machine whose row has no id.
    boost::asio::awaitable<void> judge_lost_id(Sweep* sweep, Resource resource, Machine machine);
    boost::asio::awaitable<void> judge_machine(Sweep* sweep, Machine machine);
    // Changes rows at once; true of a change: it changed something.
    using Change = std::move_only_function<bool(Tx&)>;
    boost::asio::awaitable<void> mend(Sweep* sweep, Finding finding, Change change);
    // Takes a machine out of service, and destroys a resource or a volume, once that is certain.
    boost::asio::awaitable<void> lose(Sweep* sweep, Finding finding);
    using Destruction = boost::asio::awaitable<ProviderResult<void>> (Provider::*)(std::string);
    boost::asio::awaitable<void> destroy(Sweep* sweep, std::string provider, Finding finding,
                                         Destruction destruction);
    // Counts a look at a difference; true once it has been seen often enough.
    bool believed(Sweep& sweep, const std::string& key);
    void note(Sweep& sweep, Finding finding);

    Outbox& outbox_;
    std::map<std::string, int> looks_;  // up to the last sweep that was to mend
    Rounds rounds_;
};

}  // namespace lifecycle
