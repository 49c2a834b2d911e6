#include "properties/lifecycle_coverage.hpp"

#include <fmt/format.h>

#include <chrono>

#include "scenarios/watch/witness.hpp"
#include "system/outbox/outbox_step.hpp"

namespace properties {
namespace {

using lifecycle::OutboxStep;

std::string_view magnitude(std::chrono::milliseconds age) {
    using std::chrono::hours;
    using std::chrono::minutes;
    using std::chrono::seconds;
    if (age < seconds(10)) return "seconds";
    if (age < minutes(1)) return "tens of seconds";
    if (age < minutes(10)) return "minutes";
    return age < hours(1) ? "tens of minutes" : "hours";
}

}  // namespace

LifecycleCoverage::LifecycleCoverage()
    : Coverage({{"class", "kind", "found_by", "status", "subject", "state"},
                {"machine", "volume", "delegation"},
                {"calm"}}) {}

// The status of an answer, as text; empty if it is one of success.
std::string_view LifecycleCoverage::refusal_in(const sim::Event& event) {
    const std::string_view status = text_of(event, "what").substr(0, 3);
    return event.type == "net.answer" && status >= "400" ? status : std::string_view();
}

bool LifecycleCoverage::is_background(const sim::Event& event) const {
    return refusal_in(event).empty() && Coverage::is_background(event);
}

std::string LifecycleCoverage::name_of(const sim::Event& event) const {
    std::string name = Coverage::name_of(event);
    if (!text_of(event, "copy_of").empty()) name += " copy";
    if (event.type == "net.answer") name += fmt::format(" {}", refusal_in(event));
    return name;
}

void LifecycleCoverage::look(const sim::Event& event, const std::string& name) {
    constexpr sim::Duration kFaultFades = std::chrono::minutes(5);
    const std::string_view provider = text_of(event, "provider");
    if (!provider.empty()) saw(fmt::format("{} at {}", name, provider));
    note_meanwhile(event);
    if (event.type == sim::kFaultEvent) {
        last_fault_ = text_of(event, "kind");
        last_fault_at_ = event.at;
    }
    if (lifecycle::parse_outbox_step(event.type) == OutboxStep::claimed) {
        last_step_ = text_of(event, "kind");
    }
    if (event.type != "machine.state") return;
    const bool fresh = event.at - last_fault_at_ < kFaultFades;
    saw(fmt::format("{}->{} after {} in {}", text_of(event, "from"), text_of(event, "to"),
                    fresh ? std::string_view(last_fault_) : "no fault", last_step_));
    const std::chrono::milliseconds age(number_of(event, "after_ms"));
    saw(fmt::format("{}->{} at the age of {}", text_of(event, "from"), text_of(event, "to"),
                    magnitude(age)));
}

void LifecycleCoverage::note_meanwhile(const sim::Event& event) {
    const std::string machine(text_of(event, "machine"));
    if (event.type == "machine.created") states_[machine] = "starting";
    if (event.type == "machine.state") states_[machine] = text_of(event, "to");
    if (const auto step = lifecycle::parse_outbox_step(event.type)) {
        const std::int64_t number = number_of(event, "event");
        in_hand_.erase(number);
        if (step == OutboxStep::claimed) {
            in_hand_[number] = {std::string(event.process), std::string(text_of(event, "kind"))};
        }
    }
    if (event.type == "process.boot") down_.erase(std::string(event.process));
    if (event.type == "process.crash") {
        down_.emplace(event.process);
        std::erase_if(in_hand_, [&](const auto& held) { return held.second.by == event.process; });
    }
    if (event.type != "clock.jump") return;
    std::set<std::string> meanwhile;
    for (const auto& [id, state] : states_) meanwhile.insert("a machine is " + state);
    for (const auto& [id, held] : in_hand_) meanwhile.insert(held.kind + " is in hand");
    if (down_.contains(std::string(event.process))) meanwhile.insert("it is down");
    for (const std::string& what : meanwhile) saw(fmt::format("{} while {}", event.type, what));
}

}  // namespace properties
