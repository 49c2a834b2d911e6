#include "scenarios/catalog/catalog.hpp"

// What is asked without bound: it is refused, or held within one, and nobody else is the worse for
// it.
namespace scenarios {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

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

}  // namespace

std::vector<Scenario> bounds() {
    return {
        {"deep-payload",
         "A client delegates work whose payload nests without bound: it is refused.",
         {},
         false,
         minutes(40),
         deep_payload},
        {"long-life",
         "A project lives long, and no table grows with the number of its machines.",
         {},
         false,
         hours(48),
         long_life,
         {"retention.forgot"}},
    };
}

}  // namespace scenarios
