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

// The status of an answer, as text; empty if it is one of success.
std::string_view refusal_in(const sim::Event& event) {
    const std::string_view status = text_of(event, "what").substr(0, 3);
    return event.type == "net.answer" && status >= "400" ? status : std::string_view();
}

// Traffic that goes as it should is the background, not a behaviour.
bool is_background(const sim::Event& event) {
    constexpr std::array<std::string_view, 5> kTypes = {"net.send", "net.deliver", "net.answer",
                                                        sim::kDeviationEvent, "calm"};
    return refusal_in(event).empty() &&
           std::find(kTypes.begin(), kTypes.end(), event.type) != kTypes.end();
}

std::int64_t number_of(const sim::Event& event, std::string_view name) {
    for (const sim::Field& field : event.fields) {
        const auto* number = std::get_if<std::int64_t>(&field.value);
        if (field.name == name && number != nullptr) return *number;
    }
    return 0;
}

// Why it happened, in the event's own words. What a provider said, which is JSON, is left out; a
// word with a digit in it is an id or a number.
std::string reason_of(const sim::Event& event) {
    if (event.type == "net.failed") return {};  // its name says why
    std::string_view said = text_of(event, "why");
    if (said.empty()) said = text_of(event, "reason");
    said = said.substr(0, said.find('{'));
    std::string reason;
    while (!said.empty()) {
        const std::size_t end = std::min(said.find(' '), said.size());
        const std::string_view word = said.substr(0, end);
        said.remove_prefix(std::min(end + 1, said.size()));
        if (word.empty()) continue;
        if (!reason.empty()) reason += ' ';
        reason += std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; })
                      ? std::string_view("#")
                      : word;
    }
    while (reason.ends_with(':')) reason.pop_back();
    return reason;
}

std::string_view magnitude(std::chrono::milliseconds age) {
    using std::chrono::hours;
    using std::chrono::minutes;
    using std::chrono::seconds;
    if (age < seconds(10)) return "seconds";
    if (age < minutes(1)) return "tens of seconds";
    if (age < minutes(10)) return "minutes";
    return age < hours(1) ? "tens of minutes" : "hours";
}

// The event's type and those of its facts that are one of a few words.
std::string name_of(const sim::Event& event) {
    std::string name(event.type);
    const std::string_view from = text_of(event, "from");
    const std::string_view to = text_of(event, "to");
    if (!from.empty() && !to.empty()) name += fmt::format(" {}->{}", from, to);
    for (const char* field : {"class", "kind", "found_by", "status", "subject", "state"}) {
        const std::string_view value = text_of(event, field);
        if (!value.empty()) name += fmt::format(" {}", value);
    }
    if (!text_of(event, "copy_of").empty()) name += " copy";
    if (event.type.starts_with("net.") || event.type.starts_with("process.")) {
        name += fmt::format(" {}", event.process.substr(0, event.process.find(' ')));
        if (event.type == "net.failed") name += fmt::format(" {}", text_of(event, "why"));
        if (event.type == "net.answer") name += fmt::format(" {}", refusal_in(event));
    }
    return name;
}

}  // namespace

void Coverage::on_event(const sim::Event& event) {
    if (is_background(event)) return;
    constexpr sim::Duration kFaultFades = std::chrono::minutes(5);
    const std::string name = name_of(event);
    ++seen_[name];
    const std::string_view provider = text_of(event, "provider");
    if (!provider.empty()) ++seen_[fmt::format("{} at {}", name, provider)];
    const std::string reason = reason_of(event);
    if (!reason.empty()) ++seen_[fmt::format("{}: {}", name, reason)];
    note_meanwhile(event);
    if (event.type == "fault") {
        last_fault_ = text_of(event, "kind");
        last_fault_at_ = event.at;
    }
    if (event.type == "outbox.claimed") last_step_ = text_of(event, "kind");
    if (event.type == "machine.state") {
        const bool fresh = event.at - last_fault_at_ < kFaultFades;
        ++seen_[fmt::format("{}->{} after {} in {}", text_of(event, "from"), text_of(event, "to"),
                            fresh ? std::string_view(last_fault_) : "no fault", last_step_)];
        const std::chrono::milliseconds age(number_of(event, "after_ms"));
        ++seen_[fmt::format("{}->{} at the age of {}", text_of(event, "from"), text_of(event, "to"),
                            magnitude(age))];
    }
    for (const char* subject : {"machine", "volume", "delegation"}) {
        const std::string_view id = text_of(event, subject);
        if (id.empty()) continue;
        std::string& last = last_of_[fmt::format("{} {}", subject, id)];
        if (!last.empty() && last != name) ++seen_[fmt::format("order {} < {}", last, name)];
        last = name;
    }
}

void Coverage::note_meanwhile(const sim::Event& event) {
    const std::string machine(text_of(event, "machine"));
    if (event.type == "machine.created") states_[machine] = "starting";
    if (event.type == "machine.state") states_[machine] = text_of(event, "to");
    if (event.type.starts_with("outbox.")) {
        const std::int64_t number = number_of(event, "event");
        in_hand_.erase(number);
        if (event.type == "outbox.claimed") {
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
    for (const std::string& what : meanwhile) ++seen_[fmt::format("{} while {}", event.type, what)];
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
