#include "scenarios/flows/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "scenarios/flows/difference_trial.hpp"
#include "system/ports/time.hpp"

namespace scenarios {
namespace {

constexpr lifecycle::Duration kActive = std::chrono::minutes(4);

}  // namespace

EveryDifference::EveryDifference() : LoneTrial(kDifferencesMended) {}

LoneLifecycle::Hooks EveryDifference::hooks() {
    LoneLifecycle::Hooks all;
    all.twisted = [this](Call call, std::string_view /*about*/, bool /*there*/) {
        return twist_ && call == twisted_ ? twist_ : std::nullopt;
    };
    return all;
}

sim::Coroutine EveryDifference::play() {
    using Case = sim::Coroutine (EveryDifference::*)();
    const std::vector<std::pair<const char*, Case>> cases = {
        {"nothing differs", &EveryDifference::nothing},
        {"a second resource", &EveryDifference::second},
        {"a machine has stopped", &EveryDifference::stopped},
        {"a machine cannot be launched", &EveryDifference::failed},
        {"a machine has moved", &EveryDifference::moved},
        {"a machine is missing", &EveryDifference::missing},
        {"a machine is out of sight", &EveryDifference::out_of_sight},
        {"an id is lost", &EveryDifference::lost_id},
        {"an id is lost, and what is there does not fit", &EveryDifference::lost_id_unfit},
        {"a machine comes back", &EveryDifference::orphan},
        {"nobody's", &EveryDifference::quarantined},
        {"of a machine that is to come", &EveryDifference::newer},
        {"a stranger's", &EveryDifference::foreign},
        {"a row is broken", &EveryDifference::broken_row},
        {"the list cannot be read", &EveryDifference::unreadable},
        {"the provider does not answer", &EveryDifference::unanswered},
        {"a volume comes back", &EveryDifference::orphaned_volume},
        {"a volume of that name", &EveryDifference::unknown_volume},
        {"several volumes of a name", &EveryDifference::ambiguous_volume},
        {"too much differs", &EveryDifference::too_much},
    };
    for (const auto& [name, play_one] : cases) {
        case_ = name;
        project_ = fmt::format("p{}", ++projects_);
        machine_ = lifecycle::machine_id(project_, 1);
        co_await (this->*play_one)();
        lone().forget_all();
        lone().tamper("UPDATE machine SET state = 'failed'");
        lone().tamper("UPDATE volume SET state = 'gone'");
        lone().tamper("DELETE FROM quarantine");
        twist_.reset();
        // What was seen of it counts no more.
        co_await look();
    }
}

sim::Coroutine EveryDifference::too_much() {
    co_await have();
    std::vector<std::string> others;
    std::vector<Found> found;
    for (int i = 0; i < 3; ++i) {
        others.push_back(another());
        found.push_back({"double", others.back()});
    }
    expected_ = found;
    co_await look();
    expected_ = found;
    co_await look();
    others.push_back(another());
    found.push_back({"double", others.back()});
    std::vector<Found> three = found;
    for (std::size_t i = 0; i < 3; ++i) three[i].done = true;
    std::rotate(three.begin(), three.begin() + 3, three.end());
    expected_ = three;
    co_await look();
    check(lone().provider().resources().size() == 2, "three at once are not too many");
    for (int i = 0; i < 3; ++i) others.push_back(another());
    found.clear();
    for (std::size_t i = 3; i < 7; ++i) found.push_back({"double", others[i]});
    expected_ = found;
    co_await look();
    std::vector<Found> first = found;
    first[0].done = true;
    std::rotate(first.begin(), first.begin() + 1, first.end());
    // One of them has been seen often enough.
    expected_ = first;
    co_await look();
    others.push_back(another());
    found = {found.begin() + 1, found.end()};
    std::vector<Found> last = found;
    for (Found& one : last) one.done = true;
    last.insert(last.begin(), {"double", others.back()});
    expected_ = last;
    co_await look();
}

sim::Coroutine EveryDifference::have(bool with_volume) {
    static_cast<void>(lone().create(project_, with_volume ? 1 : 0));
    co_await sim::sleep(lone().process(), kActive);
    const auto found = row();
    check(found && found->state == lifecycle::MachineState::active, "there is no machine");
    id_ = found ? found->external_id : "";
}

void EveryDifference::finds(const char* kind, std::string resource, bool done) {
    expected_.push_back({kind, std::move(resource), done});
}

sim::Coroutine EveryDifference::look(lifecycle::Duration after, std::size_t unknown) {
    co_await sim::sleep(lone().process(), after);
    co_await sweep(true, unknown);
}

sim::Coroutine EveryDifference::ask(std::size_t unknown) {
    co_await sim::sleep(lone().process(), kApart);
    co_await sweep(false, unknown);
}

sim::Coroutine EveryDifference::sweep(bool apply, std::size_t unknown) {
    std::set<std::string> named = std::exchange(named_, {});
    const auto report = co_await lone().reconciler().sweep(apply, std::move(named));
    const std::vector<Found> expected = std::exchange(expected_, {});
    ++sweeps_;
    check(report.findings.size() == expected.size(),
          fmt::format("{} differences are found", report.findings.size()));
    for (std::size_t i = 0; i < std::min(report.findings.size(), expected.size()); ++i) {
        const lifecycle::Finding& finding = report.findings[i];
        check(finding.kind == expected[i].kind && finding.resource == expected[i].resource &&
                  finding.done == expected[i].done,
              fmt::format("{} {} {} is found", finding.kind, finding.resource,
                          finding.done ? "and mended" : "and left"));
        check(!finding.what.empty() && !finding.action.empty(), "a difference is not described");
    }
    check(report.unknown.size() == unknown,
          fmt::format("{} things are unknown", report.unknown.size()));
    check(report.installation == "lone", "it does not say who it is");
}

void EveryDifference::twist(Call call, Twist twist) {
    twisted_ = call;
    twist_ = std::move(twist);
}

void EveryDifference::check(bool held, std::string_view message) {
    expect(held, kDifferencesMended, fmt::format("{}, sweep {}: {}", case_, sweeps_, message));
}

sim::search::Scenario every_difference() {
    return sim::search::scenario<EveryDifference>(
        "every-difference",
        "A lifecycle alone, and whatever may differ between it and its provider.");
}

}  // namespace scenarios
