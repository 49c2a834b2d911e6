#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/client/asking.hpp"
#include "scenarios/client/requests.hpp"
#include "system/model/delegation.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// Every request that there is, of whatever state its subject is in, and every kind that is refused.
namespace scenarios {
namespace {

using lifecycle::MachineState;
using std::chrono::minutes;
using std::chrono::seconds;

// Of whom routes are asked, by standing.
constexpr std::array<const char*, kStandings> kProjects = {"nobody", "beginning", "alpha",
                                                           "",       "broken",    "former"};
constexpr std::array<const char*, kStandings> kMachines = {"nobody-7", "beginning-1", "alpha-2",
                                                           "alpha-1",  "broken-1",    "former-1"};
constexpr auto kActive = static_cast<std::size_t>(Standing::active);

// Makes one of each, and first those that stay as they are for long; a delegation of alpha.
boost::asio::awaitable<std::string> set_up(Stage stage) {
    stage.fly().options().refuse_create = "invalid_argument: image not found";
    const std::string broken = co_await stage.create("broken");
    const bool failed = co_await stage.until(broken, "failed", minutes(25));
    stage.expect(failed, "a machine that cannot be made fails");
    stage.fly().options().refuse_create.clear();
    const std::string former = co_await stage.create("former");
    co_await stage.expect_active(former);
    co_await stage.archive("former");
    const bool archived = co_await stage.until(former, "archived", minutes(40));
    stage.expect(archived, "a project that is given up ends");
    for (int number = 0; number < 2; ++number) {
        const std::string machine = co_await stage.create("alpha");
        co_await stage.expect_active(machine);
    }
    std::string work = co_await stage.delegate("alpha", 7200);
    const bool processed =
        co_await stage.until_delegation(work, lifecycle::DelegationState::processed, minutes(6));
    stage.expect(processed, "work is done");
    co_await stage.sleep(minutes(3));  // by then the one before has been told to stop
    stage.fly().options().start_delay = minutes(30);
    const std::string beginning = co_await stage.create("beginning");
    co_await stage.sleep(seconds(20));
    stage.expect(stage.machine(beginning).state == MachineState::starting &&
                     stage.machine("alpha-1").state == MachineState::detached,
                 "there is a machine of each state");
    co_return work;
}

std::string subject_of(const DescribedRoute& route, std::size_t standing, const std::string& work) {
    if (route.pattern.contains("{project}")) return kProjects[standing];
    if (route.pattern.contains("{machine}")) return kMachines[standing];
    return standing == kActive ? work : "nobody-d7";
}

// A right request of the route, proved by what the machine of that standing has.
lifecycle::HttpRequest asked_of(Stage stage, const DescribedRoute& route, std::size_t standing,
                                const std::string& work) {
    lifecycle::HttpRequest request = request_of(route, subject_of(route, standing, work));
    if (route.caller != Caller::box) return request;
    const bool of_work = route.pattern.contains("{delegation}");
    const std::string machine = kMachines[of_work ? kActive : standing];
    const bool registers = route.pattern.ends_with("/register");
    request.headers["Authorization"] =
        "Bearer " + (registers ? secret_of(machine) : token_of(stage, machine));
    return request;
}

// Whatever its state, a machine is told of, or refuses what its state does not allow.
Script ask_in_each_state(Stage stage, std::string work) {
    std::vector<Ask> refused;
    std::vector<Ask> noted;  // whose refusal is written down
    for (const DescribedRoute& route : described_routes()) {
        const bool reads = route.method == "GET" || route.method == "*";
        for (std::size_t standing = 0; standing < kStandings; ++standing) {
            const int status = route.answers.at(standing);
            if (status == 0 || (!reads && status < 400)) continue;
            const bool notes = route.pattern.ends_with("/register");
            Ask ask;
            ask.request = asked_of(stage, route, standing, work);
            ask.status = status;
            const bool is_over = standing >= static_cast<std::size_t>(Standing::failed);
            if (is_over && route.pattern.ends_with("/agents")) ask.says = {"has no resource"};
            (notes ? noted : refused).push_back(std::move(ask));
        }
    }
    co_await expect_refusals(stage, std::move(refused));
    co_await expect_answers(stage, std::move(noted));
}

// A box may speak for its own machine alone.
Script ask_as_another(Stage stage, std::string work) {
    const std::string token = token_of(stage, kMachines[kActive]);
    std::vector<Ask> refused;
    const auto told = [&](const std::string& target, const std::string& bearer, int status) {
        const std::string body =
            target.ends_with("/result") ? R"({"outcome": "failed"})" : R"({"status": "ready"})";
        auto request = request_to(Entrance::boxes, "POST", target, body);
        request.headers["Authorization"] = "Bearer " + bearer;
        refused.push_back({std::move(request), status});
    };
    told("/v1/machines/beginning-1/status", token, 403);
    told("/v1/machines/nobody-7/status", token, 403);
    told("/v1/machines/alpha-2/status", "of-nobody", 401);
    told("/v1/machines/alpha-2/status", secret_of("alpha-2"), 401);
    told("/v1/machines/alpha-2/status", kAdminToken, 401);
    told("/v1/delegations/" + work + "/result", "of-nobody", 401);
    told("/v1/delegations/" + work + "/result", token, 409);
    co_await expect_refusals(stage, std::move(refused));
    // Whoever cannot prove itself is seen by whoever looks at the project.
    auto stranger = request_to(Entrance::boxes, "POST", "/v1/machines/beginning-1/register",
                               R"({"boot": "boot-of-a-stranger", "status": "ready"})");
    const Ask unproved{std::move(stranger), 401, {"beginning-1"}};
    std::vector<Ask> noted = {unproved};
    co_await expect_answers(stage, std::move(noted));
    for (const char* project : {"alpha", "beginning"}) {
        const std::string said = co_await stage.last_error(project);
        stage.expect(said.contains(std::string(project) + "-"),
                     "that a box could not prove itself is noted");
    }
}

Script every_request(Stage stage) {
    const std::string work = co_await set_up(stage);
    for (const DescribedRoute& route : described_routes()) {
        std::vector<Ask> refused = refusals_of(route, subject_of(route, kActive, work));
        co_await expect_refusals(stage, std::move(refused));
    }
    std::vector<Ask> astray = strays();
    co_await expect_refusals(stage, std::move(astray));
    std::vector<Ask> deliveries = refused_deliveries();
    co_await expect_refusals(stage, std::move(deliveries));
    co_await ask_in_each_state(stage, work);
    co_await ask_as_another(stage, work);
    stage.fly().options().start_delay = seconds(0);
    co_await stage.archive("beginning");
}

Script large_requests(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.expect_active(machine);
    std::vector<Ask> large = large_bodies("nobody");
    co_await expect_refusals(stage, std::move(large));
}

}  // namespace

std::vector<Scenario> requests() {
    return {
        {.name = "every-request",
         .sentence = "Every request that makes no sense, or that a state does not allow: each is "
                     "refused as the document says, and changes nothing.",
         .faults = {},
         .at_most = minutes(180),
         .play = every_request,
         .sometimes = {"net.answer server 400", "net.answer server 405", "net.answer server 410",
                       "net.answer server 501"},
         .generated = true},
        {.name = "large-requests",
         .sentence = "Bodies as large as they may be are read, and larger ones are refused.",
         .faults = {},
         .at_most = minutes(60),
         .play = large_requests,
         .sometimes = {"net.answer server 413"},
         .generated = true},
    };
}

}  // namespace scenarios
