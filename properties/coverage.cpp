#include "properties/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace properties {
namespace {

std::string_view text_of(const sim::Event& event, std::string_view name) {
    for (const sim::Field& field : event.fields) {
        const auto* text = std::get_if<std::string_view>(&field.value);
        if (field.name == name && text != nullptr) return *text;
    }
    return {};
}

// Traffic that goes as it should is the background, not a behaviour.
bool is_background(std::string_view type) {
    constexpr std::array<std::string_view, 5> kTypes = {"net.send", "net.deliver", "net.answer",
                                                        sim::kDeviationEvent, "calm"};
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// The event's type and those of its facts that are one of a few words.
std::string name_of(const sim::Event& event) {
    std::string name(event.type);
    const std::string_view from = text_of(event, "from");
    const std::string_view to = text_of(event, "to");
    if (!from.empty() && !to.empty()) name += fmt::format(" {}->{}", from, to);
    for (const char* field : {"class", "kind", "found_by", "status"}) {
        const std::string_view value = text_of(event, field);
        if (!value.empty()) name += fmt::format(" {}", value);
    }
    if (event.type.starts_with("net.") || event.type.starts_with("process.")) {
        name += fmt::format(" {}", event.process.substr(0, event.process.find(' ')));
        if (event.type == "net.failed") name += fmt::format(" {}", text_of(event, "why"));
    }
    return name;
}

}  // namespace

void Coverage::on_event(const sim::Event& event) {
    if (is_background(event.type)) return;
    constexpr sim::Duration kFaultFades = std::chrono::minutes(5);
    const std::string name = name_of(event);
    ++seen_[name];
    if (event.type == "fault") {
        last_fault_ = text_of(event, "kind");
        last_fault_at_ = event.at;
    }
    if (event.type == "outbox.claimed") last_step_ = text_of(event, "kind");
    if (event.type == "machine.state") {
        const bool fresh = event.at - last_fault_at_ < kFaultFades;
        ++seen_[fmt::format("{}->{} after {} in {}", text_of(event, "from"), text_of(event, "to"),
                            fresh ? std::string_view(last_fault_) : "no fault", last_step_)];
    }
    const std::string machine(text_of(event, "machine"));
    if (machine.empty()) return;
    std::string& last = last_of_machine_[machine];
    if (!last.empty() && last != name) ++seen_[fmt::format("order {} < {}", last, name)];
    last = name;
}

Sometimes::Sometimes(const std::vector<const scenarios::Scenario*>& scenarios) {
    for (const scenarios::Scenario* scenario : scenarios) {
        for (const std::string& behaviour : scenario->sometimes) {
            counts_[scenario->name][behaviour] = 0;
        }
    }
}

void Sometimes::add(const std::string& scenario, const Coverage& run) {
    const auto wanted = counts_.find(scenario);
    if (wanted == counts_.end()) return;
    for (auto& [behaviour, count] : wanted->second) {
        const auto shown = run.seen().find(behaviour);
        if (shown != run.seen().end()) count += shown->second;
    }
}

void Sometimes::add(const Sometimes& others) {
    for (const auto& [scenario, behaviours] : others.counts_) {
        for (const auto& [behaviour, count] : behaviours) counts_[scenario][behaviour] += count;
    }
}

std::vector<std::string> Sometimes::missing() const {
    std::vector<std::string> names;
    for (const auto& [scenario, behaviours] : counts_) {
        for (const auto& [behaviour, count] : behaviours) {
            if (count == 0) names.push_back(fmt::format("{}: {}", scenario, behaviour));
        }
    }
    return names;
}

}  // namespace properties
