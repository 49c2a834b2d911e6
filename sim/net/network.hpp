#pragma once

#include <any>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/world/process.hpp"
#include "sim/world/time.hpp"

namespace sim {

// What crosses the network: anything at all, and a line that says what it is in the trace. The
// content must be copyable, since a network may duplicate it.
struct Packet {
    std::string label;
    std::any content;
};

// Why a call brought no answer. Only `refused` says that it had no effect.
enum class CallError : std::uint8_t {
    refused,    // nobody listens there
    reset,      // the connection broke; the effect may have happened
    timed_out,  // the caller's deadline passed; the effect may have happened or may yet
};
std::string_view to_string(CallError error);

// The kind of fault by which a request arrives twice.
inline constexpr std::string_view kDuplicateRequest = "net.duplicate";

// Requests and answers between processes. Each way takes a drawn time; each may be lost, slow, or
// overtaken by those behind it; a request may arrive twice, or long after its caller gave up.
class Network {
    struct State;

  public:
    // The way back to the caller. Destroyed unused, it breaks the connection.
    class Answer {
      public:
        Answer(std::weak_ptr<State> state, std::uint64_t call, Process& server);
        Answer(Answer&& other) noexcept;
        Answer& operator=(Answer&&) = delete;
        ~Answer();
        void send(Packet packet);

      private:
        std::weak_ptr<State> state_;
        std::uint64_t call_;
        std::uint32_t server_;
        std::string role_;
    };
    using Service = std::function<void(Packet, Answer)>;
    using Result = std::expected<Packet, CallError>;
    using Completion = std::move_only_function<void(Result)>;

    explicit Network(World& world);
    ~Network();

    // Answers calls to the address until the host crashes or closes it. Replaces an earlier one.
    void listen(Process& host, const std::string& address, Service service);
    // The same beside others that answer there: each call goes to one of those that are alive, as
    // the tape decides, by default to the one that listened first.
    void listen_beside(Process& host, const std::string& address, Service service);
    void close(const std::string& address);

    // Sends a request and completes exactly once in the caller's process, at the latest after
    // `timeout`; never, if the caller crashes.
    void call(Process& caller, std::string_view address, Packet request, Duration timeout,
              Completion done);

    // Sends a message that nobody answers, and that its sender never hears of again: it arrives
    // once, twice or never. Its service is given an Answer too, which leads nowhere.
    void send(Process& sender, std::string_view address, Packet message);

    // From now on all that is sent from one role to another arrives in the order in which it was
    // sent, as on a connection: what is slow holds up what comes behind it. What is lost is lost,
    // and those that wait in a process for their turn are taken in that order too.
    void keep_order(const std::string& from_role, const std::string& to_role);

    // Loses everything from processes of one role to those of another, until healed. Links of
    // processes that are down are those of the role that listened at their address last.
    void block(const std::string& from_role, const std::string& to_role);
    void unblock(const std::string& from_role, const std::string& to_role);

    // Holds everything from processes of one role to those of another where it would arrive, until
    // released; then all of it arrives in the same instant, in an order that the tape decides.
    void hold(const std::string& from_role, const std::string& to_role);
    void release(const std::string& from_role, const std::string& to_role);

    // Adds a fixed delay to all that goes from one role to another: for scripted races.
    void delay(const std::string& from_role, const std::string& to_role, Duration extra);

    // Undoes every block, hold and delay.
    void heal();

    // For Process: nothing sent from now on leaves it and nobody reaches it.
    void cut(Process& process);
    // For World: the process is about to be destroyed.
    void forget(Process& process);
    // Calls that have no answer yet, oldest first.
    std::vector<Waiting> waiting() const;
    // For Process: the completions of its unfinished calls, to be destroyed.
    std::vector<Task> take_pending(Process& process);

  private:
    std::shared_ptr<State> state_;
};

}  // namespace sim
