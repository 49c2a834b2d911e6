#include <boost/asio/co_spawn.hpp>

#include "scenarios/catalog/parts.hpp"
#include "system/model/machine.hpp"

// What is asked without bound: it is refused, or held within one, and nobody else is the worse for
// it.
namespace scenarios {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Deep enough to be no work for anybody, and far from what would overflow a stack.
constexpr std::size_t kDeep = 1000;

Script deep_payload(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    std::string body = R"({"agent":"agent-1","payload":)";
    body += std::string(kDeep, '[') + std::string(kDeep, ']') + "}";
    const auto refused =
        co_await stage.call("POST", "/v1/projects/alpha/delegations", std::move(body));
    stage.expect(refused && refused->status == 400, "what nests without bound is refused");
    const auto listed = co_await stage.call("GET", "/v1/projects/alpha/delegations");
    stage.expect(listed && listed->status == 200, "what is there can be read");
}

// A day and more of a project that gets a machine every hour or two, and whose boxes and agents are
// busy: what is over is forgotten, and what still guards something is not.
Script long_life(Stage stage) {
    for (int round = 0; round < 18; ++round) {
        const std::string machine = co_await stage.create("alpha");
        co_await stage.expect_active(machine);
        const int restarted = co_await stage.restart(machine, "once");
        stage.expect(restarted == 202, "a machine is restarted");
        for (int work = 0; work < 3; ++work) {
            const std::string delegation = co_await stage.delegate("alpha", 600);
            stage.expect(!delegation.empty(), "work is taken");
            co_await stage.sleep(minutes(15));
            stage.boxes().crash(machine);
        }
        co_await stage.sleep(minutes(50));
        const int again = co_await stage.restart(machine, "once");
        stage.expect(again == 202, "the same request is answered again");
    }
}

Script ask(Stage stage, std::string method, std::string target) {
    const auto answer = co_await stage.call(std::move(method), std::move(target), "{}");
    stage.expect(!answer || answer->status == 200 || answer->status == 503,
                 "it is answered, or said to be unavailable");
}

// Sends the same request many times at once, and waits for none of the answers.
void crowd(Stage stage, int requests, const std::string& method, const std::string& target) {
    for (int i = 0; i < requests; ++i) {
        boost::asio::co_spawn(stage.cluster().client().executor(), ask(stage, method, target),
                              [](std::exception_ptr failure) {
                                  if (failure) std::rethrow_exception(failure);
                              });
    }
}

// A machine hangs, and hundreds want to reach it while its provider is slow too. Meanwhile another
// is retired, and a third falls silent: both are handled as if nobody asked for the first.
Script crowd_at_a_broken_machine(Stage stage) {
    for (const char* project : {"alpha", "beta", "gamma"}) {
        const std::string machine = co_await stage.create(project);
        co_await stage.expect_active(machine);
    }
    stage.boxes().pause("alpha-1");
    stage.boxes().options("gamma-1").mute = true;
    stage.network().hold("fly", "server");
    crowd(stage, 100, "GET", "/v1/projects/alpha/proxy/hello");
    co_await stage.sleep(minutes(2));
    stage.network().release("fly", "server");
    co_await stage.retire("beta-1");
    for (int round = 0; round < 8; ++round) {
        crowd(stage, 200, "GET", "/v1/projects/alpha/proxy/hello");
        crowd(stage, 40, "POST", "/v1/reconcile");
        co_await stage.sleep(minutes(1));
    }
    co_await stage.sleep(minutes(2));
    const auto* retired = stage.shadow().machine("beta-1");
    stage.expect(retired->state == lifecycle::MachineState::archived,
                 "a machine that is retired is gone in its usual time");
    stage.expect(stage.shadow().machine("gamma-2") != nullptr,
                 "a machine that is silent is replaced in its usual time");
    co_await stage.sleep(seconds(60));
}

}  // namespace

std::vector<Scenario> bounds() {
    return {
        {.name = "deep-payload",
         .sentence = "A client delegates work whose payload nests without bound: it is refused.",
         .faults = {},
         .at_most = minutes(40),
         .play = deep_payload,
         .sometimes = {"net.answer server 400"}},
        {.name = "crowd-at-a-broken-machine",
         .sentence = "Hundreds want to reach a machine that hangs; others are retired and healed "
                     "all the same.",
         .faults = {},
         .at_most = minutes(60),
         .play = crowd_at_a_broken_machine,
         .sometimes =
             {"machine.unavailable: its daemon gave no answer (timed out), nor did its provider in "
              "time",
              "machine.recreated: no sign of life"}},
        {.name = "long-life",
         .sentence = "A project lives long, and no table grows with the number of its machines.",
         .faults = {},
         .at_most = hours(48),
         .play = long_life,
         .sometimes = {"retention.forgot"}},
    };
}

}  // namespace scenarios
