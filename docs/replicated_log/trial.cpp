#include "trial.hpp"

#include <array>
#include <chrono>
#include <map>
#include <string>

#include "node.hpp"
#include "sim/net/awaitable.hpp"
#include "sim/search/simple_trial.hpp"

namespace replicated_log {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<const char*, 3> kNames = {"node-1", "node-2", "node-3"};

class Elections final : public sim::search::SimpleTrial {
  public:
    Elections() {
        observer_.leads = [this](const std::string& node, std::int64_t term) {
            const std::string& leader = leaders_.emplace(term, node).first->second;
            expect(leader == node, "one-leader-per-term",
                   node + " leads in term " + std::to_string(term) + ", and " + leader + " does");
        };
        observer_.committed = [this](std::size_t place, const Entry& entry) {
            const Entry& first = committed_.emplace(place, entry).first->second;
            expect(first == entry, "committed-stays",
                   first.value + " is committed at " + std::to_string(place) + ", and " +
                       entry.value + " is too");
        };
    }

  private:
    void begin() override {
        sim::Duration patience = milliseconds(150);
        for (const std::string name : kNames) {
            patience += milliseconds(40);
            add_program(
                name,
                [this, name, patience](sim::Process& self) {
                    std::vector<std::string> peers;
                    for (const std::string peer : kNames) {
                        if (peer != name) peers.push_back(peer);
                    }
                    return std::make_unique<Node>(self, kept_[name], std::move(peers), patience,
                                                  observer_);
                },
                seconds(1));
        }
        sim::Process& client = add_process("client");
        sim::spawn(client, propose(client));
    }

    // Says something new to each node in turn, twice a second.
    sim::Coroutine propose(sim::Process& client) {
        for (int number = 0; number < 20; ++number) {
            for (const std::string name : kNames) {
                sim::Packet said{"propose", Propose{"value " + std::to_string(number)}};
                const auto answer =
                    co_await sim::call(client, name, std::move(said), milliseconds(100));
                static_cast<void>(answer);
            }
            co_await sim::sleep(client, milliseconds(500));
        }
    }

    sim::Duration max_time() const override { return seconds(20); }

    Observer observer_;
    std::map<std::string, Kept> kept_;  // by node
    std::map<std::int64_t, std::string> leaders_;
    std::map<std::size_t, Entry> committed_;
};

}  // namespace

const sim::search::Harness& harness() {
    static const sim::search::Harness all = [] {
        sim::search::Harness made;
        made.sentence = "a deterministic search of a replicated log";
        made.scenarios = {sim::search::scenario<Elections>(
            "elections", "Three nodes elect a leader and copy its log.", {"crash", "net."})};
        made.scenarios[0].sometimes = {"node.leads",
                                       "process.crash node-1: after sending a request"};
        made.properties = {
            {"one-leader-per-term", "No two nodes ever lead in one term."},
            {"committed-stays", "What is committed at a place is never anything else there."}};
        return made;
    }();
    return all;
}

}  // namespace replicated_log
