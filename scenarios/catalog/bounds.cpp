#include "scenarios/catalog/catalog.hpp"

// What is asked without bound: it is refused, or held within one, and nobody else is the worse for
// it.
namespace scenarios {
namespace {

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

}  // namespace

std::vector<Scenario> bounds() {
    return {
        {"deep-payload",
         "A client delegates work whose payload nests without bound: it is refused.",
         {},
         false,
         minutes(40),
         deep_payload},
    };
}

}  // namespace scenarios
