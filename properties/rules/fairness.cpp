#include "properties/rules/fairness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/error.hpp"
#include "system/ports/http.hpp"

namespace properties {
namespace {

using scenarios::EventRow;
using scenarios::Shadow;
using std::chrono::seconds;

// How long an event may be due and left lying by a server that works all the while.
constexpr sim::Duration kPatience = seconds(60);
// A server that said nothing for longer may have been paused: it is not known to have worked.
constexpr sim::Duration kAtWork = seconds(35);
// So many in hand that wait for the same are reason enough to leave another of them lying.
constexpr std::size_t kMany = 8;
// And so many deliveries of work to one project's box.
constexpr std::size_t kShare = 2;

// For which an event is taken at first, and again when it is renewed.
constexpr sim::Duration kLease = seconds(30);

// What the handling of an event waits for.
struct Waits {
    std::string provider;  // empty: it may be any
    std::string_view work;
    std::string project;  // whose box it brings work to
};

std::string_view work_of(std::string_view kind) {
    if (kind == "delegation:deliver") return "work for a box";
    if (kind == "machine:readiness" || kind == "machine:arbitrate") return "a probe";
    if (kind == "project:route") return "a route";
    if (kind == "project:route-end") return "the end of a route";
    if (kind == "machine:deadline" || kind == "project:next") return "nobody";
    const bool ends =
        kind == "machine:destroy" || kind == "volume:destroy" || kind == "volume:release";
    return ends ? "an end" : "a change";
}

Waits waits_of(const EventRow& event, const Shadow& shadow) {
    const auto* machine = shadow.machine(event.machine);
    Waits waits{machine == nullptr ? "" : machine->provider, work_of(event.kind), {}};
    if (event.kind != "delegation:deliver") return waits;
    const auto found = shadow.delegations().find(event.subject);
    if (found != shadow.delegations().end()) waits.project = found->second.project;
    return waits;
}

class NobodyStarves final : public Property {
  public:
    NobodyStarves()
        : Property("nobody-starves",
                   "A server that is at work leaves no event lying that is due and first of its "
                   "key, unless it has its hands full with others that wait for the same: a probe "
                   "for no work that is brought to boxes, and no box for another's.") {}

    void on_event(const EventRow*, const EventRow& after, const Shadow&) override {
        const bool idle = after.state == "pending" && after.lease_owner.empty();
        // The first lease of an event says what time it is by its owner's clock.
        if (!after.lease_owner.empty() && after.lease_epoch == 1) {
            servers_[after.lease_owner].reached = after.available_at - kLease.count();
        }
        idle_.erase(after.id);
        if (idle) idle_[after.id] = {after.available_at, after.ordering_key, {}};
        std::set<std::int64_t>& line = lines_[after.ordering_key];
        if (after.state == "pending") line.insert(after.id);
        if (after.state != "pending") line.erase(after.id);
    }
    void on_recovery(const Shadow&, const Shadow& after) override {
        idle_.clear();
        lines_.clear();
        for (const auto& [id, event] : after.events()) on_event(nullptr, event, after);
    }
    void on_server_down(const std::string& server) override { servers_.erase(server); }

    void on_delivery(const scenarios::DeliveryStep& step, const Shadow& shadow) override {
        Server& server = servers_[step.server];
        if (step.at - server.last > kAtWork) server.since = step.at;
        server.last = step.at;
        const auto row = shadow.events().find(step.event);
        if (row == shadow.events().end()) return;
        if (step.begins()) {
            server.in_hand[step.event] = waits_of(row->second, shadow);
            return;
        }
        judge(server, shadow);
        server.in_hand.erase(step.event);
    }

  private:
    struct Idle {
        std::int64_t due = 0;
        std::string key;
        std::optional<sim::VirtualTime> since;  // it could have been taken
    };
    struct Server {
        sim::VirtualTime since{};  // at work
        sim::VirtualTime last{};
        std::int64_t reached = 0;  // when what it took last was due
        std::map<std::int64_t, Waits> in_hand;
    };

    void judge(const Server& server, const Shadow& shadow) {
        for (auto& [id, event] : idle_) {
            if (event.due > server.reached || *lines_[event.key].begin() != id) {
                event.since.reset();
                continue;
            }
            if (!event.since) event.since = server.last;
            if (server.last - std::max(*event.since, server.since) < kPatience) continue;
            const EventRow& row = shadow.events().at(id);
            const Waits waits = waits_of(row, shadow);
            std::size_t others = 0;
            std::size_t own = 0;
            for (const auto& [other, taken] : server.in_hand) {
                const bool same = taken.provider == waits.provider || taken.provider.empty();
                if (taken.work != waits.work || !same) continue;
                ++others;
                own += taken.project == waits.project ? 1 : 0;
            }
            if (others >= kMany || (!waits.project.empty() && own >= kShare)) {
                // A hand that is free in this moment has not been filled yet.
                event.since.reset();
                continue;
            }
            broken(fmt::format(
                "event {} ({} of {}) has been due for {} s, and the server had room for it: {} of "
                "{} in hand wait for {} of {}",
                id, row.kind, row.ordering_key,
                std::chrono::duration_cast<seconds>(server.last - *event.since).count(), others,
                server.in_hand.size(), waits.work, waits.provider));
            return;
        }
    }

    std::map<std::int64_t, Idle> idle_;
    std::map<std::string, std::set<std::int64_t>> lines_;  // pending ones, by key
    std::map<std::string, Server> servers_;
};

class NothingEarly final : public Property {
  public:
    NothingEarly()
        : Property("nothing-early",
                   "An event that is to wait is not taken before that much time has passed, nor "
                   "one that a living worker has leased, whatever clock is set meanwhile.") {}

    void on_event(const EventRow* before, const EventRow& after, const Shadow& shadow) override {
        const sim::VirtualTime now = shadow.now();
        const auto known = not_before_.find(after.id);
        if (before == nullptr) {
            not_before_[after.id] = now + most_of(after.available_at - after.created_at);
        } else if (after.lease_epoch > before->lease_epoch) {
            if (known != not_before_.end() && now < known->second) {
                broken(
                    fmt::format("event {} ({} of {}) was taken {} s too early", after.id,
                                after.kind, after.machine,
                                std::chrono::duration_cast<seconds>(known->second - now).count()));
            }
            not_before_[after.id] = now + most_of(kLease.count());
        } else if (!after.lease_owner.empty()) {
            // Who hastens it, or asks for it again, leaves the lease as it is.
            if (after.available_at == before->available_at) return;
            not_before_[after.id] = now + most_of(kLease.count());
        } else if (known != not_before_.end()) {
            // It was settled, or somebody is in a hurry.
            not_before_.erase(known);
        }
    }
    // The next may be on a host that has started anew, and knows the time from its wall clock only.
    void on_server_down(const std::string&) override { not_before_.clear(); }
    void on_recovery(const Shadow&, const Shadow&) override { not_before_.clear(); }

  private:
    // Clocks go wrong by up to a twentieth.
    static sim::Duration most_of(std::int64_t wait) { return sim::Duration(wait / 10 * 9); }

    std::map<std::int64_t, sim::VirtualTime> not_before_;
};

class ReadsGoOn final : public Property {
  public:
    ReadsGoOn()
        : Property("reads-go-on",
                   "Whoever only wants to read is answered while the store cannot be written, and "
                   "whoever is refused is told when to come again.") {}
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        const lifecycle::HttpResponse& response = answer.response;
        if (response.status != 503 ||
            response.body.find(to_string(lifecycle::ErrorCode::store_unavailable)) ==
                std::string::npos) {
            return;
        }
        if (answer.request.method == "GET") {
            broken(fmt::format("{} was answered: {}", answer.request.target, response.body));
        }
        if (!response.headers.contains("Retry-After")) {
            broken(fmt::format("{} {} is not told when to come again", answer.request.method,
                               answer.request.target));
        }
    }
};

}  // namespace

std::unique_ptr<Property> reads_go_on() {
    return std::make_unique<ReadsGoOn>();
}

std::unique_ptr<Property> nothing_early() {
    return std::make_unique<NothingEarly>();
}

std::unique_ptr<Property> nobody_starves() {
    return std::make_unique<NobodyStarves>();
}

}  // namespace properties
