#include "sim/net/network.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "sim/world/world.hpp"

namespace sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kHop = milliseconds(1);
constexpr std::uint64_t kJitterSteps = 40;
constexpr Duration kJitterStep = std::chrono::microseconds(500);
// What a slow message costs on top.
constexpr std::array<Duration, 4> kSlow = {Duration{0}, milliseconds(200), seconds(1), seconds(4)};
// What a late one costs: past the usual deadlines of callers, one after the other.
constexpr std::array<Duration, 5> kLate = {Duration{0}, seconds(11), seconds(31), seconds(65),
                                           seconds(130)};
// More than any jitter, so that what is sent next arrives before.
constexpr Duration kOvertaken = milliseconds(50);

std::string in_seconds(Duration duration) {
    const auto tenths = duration.count() / 100'000;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}
std::string latency_words(std::uint64_t value) {
    const Duration taken = kHop + kJitterStep * static_cast<std::int64_t>(value);
    return "takes " + std::to_string(taken.count()) + " us on its way";
}
std::string slow_words(std::uint64_t value) {
    return "is slowed down by " + in_seconds(kSlow[value]);
}
std::string late_words(std::uint64_t value) {
    return "arrives late, after " + in_seconds(kLate[value]) + ", when its sender has given up";
}

constexpr std::uint64_t kLatencyWorth[] = {kJitterSteps - 1};
constexpr LaneKind kLatencyKind =
    choice(Effect::network, "net.latency", latency_words, kLatencyWorth);
constexpr LaneKind kSlowKind = fault(Effect::network, "net.slow", 1, 60, slow_words);
constexpr LaneKind kLateKind = fault(Effect::network, "net.late", 1, 120, late_words);
constexpr LaneKind kReorderKind = fault(Effect::network, "net.reorder", 1, 60, [](std::uint64_t) {
    return std::string("is overtaken by the next");
});
constexpr LaneKind kLostRequestKind =
    fault(Effect::network, "net.lost-request", 1, 60,
          [](std::uint64_t) { return std::string("loses a request"); });
constexpr LaneKind kLostAnswerKind =
    fault(Effect::network, "net.lost-answer", 1, 60,
          [](std::uint64_t) { return std::string("loses an answer"); });
constexpr LaneKind kBalanceKind = choice(Effect::network, "net.balance", [](std::uint64_t value) {
    return "sends a call to number " + std::to_string(value + 1) + " of those who answer";
});
constexpr LaneKind kDuplicateKind =
    fault(Effect::network, kDuplicateRequest, 1, 120,
          [](std::uint64_t) { return std::string("carries a request twice"); });

}  // namespace

std::string_view to_string(CallError error) {
    switch (error) {
        case CallError::refused: return "refused";
        case CallError::reset: return "reset";
        case CallError::timed_out: return "timed_out";
    }
    return "unknown";
}

struct Network::State : std::enable_shared_from_this<State> {
    struct Link {
        LaneId latency{};
        LaneId slow{};
        LaneId late{};
        LaneId reorder{};
        LaneId lost_request{};
        LaneId lost_answer{};
        LaneId duplicate{};
        Duration extra{0};
        bool blocked = false;
        bool held = false;
        bool ordered = false;
        VirtualTime arrives_last{0};                      // if it is ordered, and then
        std::map<std::uint32_t, std::deque<Task>> lines;  // what waits for its turn, by process
        std::vector<Task> waiting;  // what has come as far as a held link lets it
    };
    struct Listener {
        Process* host = nullptr;
        std::uint32_t incarnation = 0;
        std::shared_ptr<Service> service;
        bool alive() const { return host->alive() && host->incarnation() == incarnation; }
    };
    struct Pending {
        Process* caller;
        std::string server_role;
        std::string label;
        Completion done;
        TimerId timeout;
        FlowId flow;
        VirtualTime since;
    };

    explicit State(World& owner) : world(owner) {}

    Link& link(const std::string& from, const std::string& to) {
        const auto key = std::pair(from, to);
        if (const auto found = links.find(key); found != links.end()) return found->second;
        Tape& tape = world.tape();
        const std::string name = "net " + from + "->" + to;
        Link& made = links[key];
        made.latency = tape.lane(name + " latency", kLatencyKind);
        made.slow = tape.lane(name + " slow", kSlowKind);
        made.late = tape.lane(name + " late", kLateKind);
        made.reorder = tape.lane(name + " reorder", kReorderKind);
        made.lost_request = tape.lane(name + " lost request", kLostRequestKind);
        made.lost_answer = tape.lane(name + " lost answer", kLostAnswerKind);
        made.duplicate = tape.lane(name + " duplicate", kDuplicateKind);
        return made;
    }

    Duration latency(const Link& path) {
        const std::uint64_t jitter = world.tape().draw(path.latency, kJitterSteps);
        const std::uint64_t slow = world.tape().draw(path.slow, kSlow.size());
        const std::uint64_t late = world.tape().draw(path.late, kLate.size());
        const bool overtaken = world.tape().chance(path.reorder);
        return kHop + kJitterStep * static_cast<std::int64_t>(jitter) + kSlow[slow] + kLate[late] +
               (overtaken ? kOvertaken : Duration{0}) + path.extra;
    }

    // Runs the arrival after the time that the way takes, or when the link is released.
    void carry(Link& path, Task arrival) {
        VirtualTime when = world.now() + latency(path);
        if (path.ordered) {
            // In an instant of its own, since the tape orders what is ready in the same.
            when = std::max(when, path.arrives_last + Duration(1));
            path.arrives_last = when;
        }
        world.self().at(when, [this, &path, arrive = std::move(arrival)]() mutable {
            if (path.held) {
                world.observe();  // nothing else shows the order
                path.waiting.push_back(std::move(arrive));
            } else {
                arrive();
            }
        });
    }

    bool loses_request(const Link& path) {
        return world.tape().chance(path.lost_request) || path.blocked;
    }
    bool loses_answer(const Link& path) {
        return world.tape().chance(path.lost_answer) || path.blocked;
    }

    // The role of those who are called there, whether or not one of them is up.
    std::string role_at(std::string_view address) const {
        const auto found = roles.find(address);
        return found == roles.end() ? "nowhere" : found->second;
    }

    // Hands a request to a process. Behind an ordered link whichever task has its turn first takes
    // what came first.
    void hand_over(Link& path, Process& host, Task task) {
        if (!path.ordered) {
            host.post(std::move(task));
            return;
        }
        path.lines[host.id()].push_back(std::move(task));
        host.post([&path, id = host.id()] {
            std::deque<Task>& line = path.lines.at(id);
            Task first = std::move(line.front());
            line.pop_front();
            first();
        });
    }

    // Tells that something is sent; its number.
    std::uint64_t begin(Process& sender, std::string_view address, const Packet& packet) {
        const std::uint64_t call = ++calls;
        sender.emit_from_world(
            "net.send",
            {{"call", static_cast<std::int64_t>(call)}, {"to", address}, {"what", packet.label}});
        return call;
    }
    // Sends a request on its way, once or twice, or loses it.
    void carry_request(Process& sender, std::uint64_t call, std::string_view address,
                       Packet request, const std::string& to_role);

    // Who takes the next call to the address; null if nobody does.
    const Listener* chosen(const std::string& address);
    void deliver(std::uint64_t call, Link& path, const std::string& address, Packet request);
    void finish(std::uint64_t call, Result result);
    void fail_later(std::uint64_t call, const std::string& from_role, CallError error);

    World& world;
    Process* process(std::uint32_t id) { return world.find_process(id); }

    std::map<std::pair<std::string, std::string>, Link> links;
    std::map<std::string, std::string, std::less<>> roles;  // by address
    std::map<std::string, std::vector<Listener>, std::less<>> listeners;
    std::map<std::uint64_t, Pending> pending;
    std::uint64_t calls = 0;
};

Network::Answer::Answer(std::weak_ptr<State> state, std::uint64_t call, Process& server)
    : state_(std::move(state)), call_(call), server_(server.id()), role_(server.role()) {}

Network::Answer::Answer(Answer&& other) noexcept
    : state_(std::exchange(other.state_, {})),
      call_(other.call_),
      server_(other.server_),
      role_(std::move(other.role_)) {}

Network::Answer::~Answer() {
    const auto state = std::exchange(state_, {}).lock();
    if (state) state->fail_later(call_, role_, CallError::reset);
}

void Network::Answer::send(Packet packet) {
    const auto state = state_.lock();
    if (!state) return;
    Process* server = state->process(server_);
    // If it dies here, the destructor breaks the connection.
    if (server == nullptr || server->crash_point("before an answer")) return;
    state_.reset();
    const auto waiting = state->pending.find(call_);
    const auto number = static_cast<std::int64_t>(call_);
    server->emit_from_world("net.answer", {{"call", number}, {"what", packet.label}});
    if (waiting == state->pending.end()) return;  // the caller has given up
    State::Link& path = state->link(role_, waiting->second.caller->role());
    if (state->loses_answer(path)) {
        server->emit_from_world("net.answer-lost", {{"call", number}, {"what", packet.label}});
        return;
    }
    state->carry(path, [state, call = call_, packet = std::move(packet)]() mutable {
        state->finish(call, std::move(packet));
    });
    server->crash_point("after an answer");
}

const Network::State::Listener* Network::State::chosen(const std::string& address) {
    const auto found = listeners.find(address);
    if (found == listeners.end()) return nullptr;
    std::vector<const Listener*> alive;
    for (const Listener& listener : found->second) {
        if (listener.alive()) alive.push_back(&listener);
    }
    if (alive.empty()) return nullptr;
    if (alive.size() == 1) return alive.front();
    const LaneId balance = world.tape().lane("balance " + address, kBalanceKind);
    return alive[world.tape().draw(balance, alive.size())];
}

void Network::State::deliver(std::uint64_t call, Link& path, const std::string& address,
                             Packet request) {
    const auto number = static_cast<std::int64_t>(call);
    const Listener* listener = chosen(address);
    if (listener == nullptr) {
        world.self().emit_from_world("net.refused", {{"call", number}, {"to", address}});
        const auto waiting = pending.find(call);
        if (waiting == pending.end()) return;
        const std::string role = waiting->second.server_role;
        fail_later(call, role, CallError::refused);
        return;
    }
    Process& host = *listener->host;
    hand_over(path, host,
              [state = shared_from_this(), call, number, service = listener->service, &host,
               request = std::move(request)]() mutable {
                  Answer answer(state->weak_from_this(), call, host);
                  if (host.crash_point("on receiving a request")) return;
                  host.emit_from_world("net.deliver", {{"call", number}, {"what", request.label}});
                  (*service)(std::move(request), std::move(answer));
                  host.crash_point("after taking a request");
              });
}

void Network::State::carry_request(Process& sender, std::uint64_t call, std::string_view address,
                                   Packet request, const std::string& to_role) {
    Link& path = link(sender.role(), to_role);
    const bool twice = world.tape().chance(path.duplicate);
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
        if (loses_request(path)) {
            sender.emit_from_world(
                "net.lost", {{"call", static_cast<std::int64_t>(call)}, {"what", request.label}});
            continue;
        }
        carry(path, [state = shared_from_this(), call, &path, to = std::string(address), request] {
            state->deliver(call, path, to, request);
        });
    }
}

void Network::State::fail_later(std::uint64_t call, const std::string& from_role, CallError error) {
    const auto waiting = pending.find(call);
    if (waiting == pending.end()) return;
    carry(
        link(from_role, waiting->second.caller->role()),
        [state = shared_from_this(), call, error] { state->finish(call, std::unexpected(error)); });
}

void Network::State::finish(std::uint64_t call, Result result) {
    auto node = pending.extract(call);
    if (!node) return;  // a duplicate's answer, or the caller gave up or died
    Pending& waiting = node.mapped();
    Process& caller = *waiting.caller;
    caller.cancel(waiting.timeout);
    caller.post(
        [&caller, call, result = std::move(result), label = std::move(waiting.label),
         done = std::move(waiting.done)]() mutable {
            if (caller.crash_point("on receiving an answer")) return;
            if (!result) {
                caller.emit_from_world("net.failed", {{"call", static_cast<std::int64_t>(call)},
                                                      {"what", label},
                                                      {"why", to_string(result.error())}});
            }
            done(std::move(result));
        },
        waiting.flow);
}

Network::Network(World& world) : state_(std::make_shared<State>(world)) {}

Network::~Network() {
    // What a link still holds refers back to the state.
    for (auto& [ends, path] : state_->links) {
        path.waiting.clear();
        path.lines.clear();
    }
}

void Network::listen(Process& host, const std::string& address, Service service) {
    state_->listeners[address].clear();
    listen_beside(host, address, std::move(service));
}

void Network::listen_beside(Process& host, const std::string& address, Service service) {
    std::vector<State::Listener>& there = state_->listeners[address];
    std::erase_if(there, [&](const State::Listener& other) { return other.host == &host; });
    there.push_back({&host, host.incarnation(), std::make_shared<Service>(std::move(service))});
    state_->roles[address] = there.front().host->role();
}

void Network::close(const std::string& address) {
    state_->listeners.erase(address);
}

void Network::call(Process& caller, std::string_view address, Packet request, Duration timeout,
                   Completion done) {
    State& state = *state_;
    if (caller.crash_point("before sending a request")) {
        // The completion dies with the process, not under the feet of the coroutine that waits.
        caller.post([doomed = std::move(done)] {});
        return;
    }
    const std::uint64_t call = state.begin(caller, address, request);
    const FlowId flow = caller.current_flow();
    const TimerId timer = caller.at(
        state.world.now() + caller.world_duration(timeout),
        [state = state_, call] { state->finish(call, std::unexpected(CallError::timed_out)); });
    const std::string server_role = state.role_at(address);
    state.pending.emplace(call, State::Pending{&caller, server_role, request.label, std::move(done),
                                               timer, flow, state.world.now()});
    state.carry_request(caller, call, address, std::move(request), server_role);
    caller.crash_point("after sending a request");
}

void Network::send(Process& sender, std::string_view address, Packet message) {
    State& state = *state_;
    if (sender.crash_point("before sending a message")) return;
    const std::uint64_t call = state.begin(sender, address, message);
    state.carry_request(sender, call, address, std::move(message), state.role_at(address));
    sender.crash_point("after sending a message");
}

void Network::keep_order(const std::string& from_role, const std::string& to_role) {
    state_->link(from_role, to_role).ordered = true;
}

void Network::block(const std::string& from_role, const std::string& to_role) {
    state_->world.observe();
    state_->world.self().emit_from_world("net.block", {{"from", from_role}, {"to", to_role}});
    state_->link(from_role, to_role).blocked = true;
}

void Network::unblock(const std::string& from_role, const std::string& to_role) {
    State::Link& path = state_->link(from_role, to_role);
    if (!std::exchange(path.blocked, false)) return;
    state_->world.observe();
    state_->world.self().emit_from_world("net.unblock", {{"from", from_role}, {"to", to_role}});
}

void Network::hold(const std::string& from_role, const std::string& to_role) {
    state_->world.observe();
    state_->world.self().emit_from_world("net.hold", {{"from", from_role}, {"to", to_role}});
    state_->link(from_role, to_role).held = true;
}

void Network::release(const std::string& from_role, const std::string& to_role) {
    state_->world.observe();
    State::Link& path = state_->link(from_role, to_role);
    path.held = false;
    state_->world.self().emit_from_world(
        "net.release", {{"from", from_role},
                        {"to", to_role},
                        {"waiting", static_cast<std::int64_t>(path.waiting.size())}});
    std::vector<Task> arrivals = std::exchange(path.waiting, {});
    if (path.ordered) {
        // Now, before anything that arrives in this instant.
        for (Task& arrival : arrivals) arrival();
        return;
    }
    for (Task& arrival : arrivals) state_->world.self().post(std::move(arrival));
}

void Network::delay(const std::string& from_role, const std::string& to_role, Duration extra) {
    state_->world.observe();
    state_->link(from_role, to_role).extra = extra;
}

void Network::heal() {
    state_->world.observe();
    for (auto& [ends, path] : state_->links) {
        unblock(ends.first, ends.second);
        if (path.held) release(ends.first, ends.second);
        path.extra = Duration{0};
    }
}

void Network::cut(Process& process) {
    for (auto& [address, there] : state_->listeners) {
        std::erase_if(there,
                      [&](const State::Listener& listener) { return listener.host == &process; });
    }
    std::erase_if(state_->listeners, [](const auto& there) { return there.second.empty(); });
    for (auto& [ends, path] : state_->links) path.lines.erase(process.id());
}

void Network::forget(Process& process) {
    cut(process);
    take_pending(process);
}

std::vector<Waiting> Network::waiting() const {
    std::vector<Waiting> all;
    for (const auto& [call, pending] : state_->pending) {
        all.push_back({pending.caller->name(),
                       "the answer to " + pending.label + " from " + pending.server_role,
                       pending.since});
    }
    return all;
}

std::vector<Task> Network::take_pending(Process& process) {
    std::vector<Task> completions;
    for (auto waiting = state_->pending.begin(); waiting != state_->pending.end();) {
        if (waiting->second.caller == &process) {
            completions.push_back([doomed = std::move(waiting->second.done)] {});
            waiting = state_->pending.erase(waiting);
        } else {
            ++waiting;
        }
    }
    return completions;
}

}  // namespace sim
