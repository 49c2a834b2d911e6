#include "sim/search/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/search/scenario.hpp"

namespace sim::search {
namespace {

// Why it happened, in the event's own words. What is quoted as JSON is left out; a
// word with a digit in it is an id or a number.
std::string reason_in(std::string_view said) {
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

}  // namespace

std::string_view Coverage::text_of(const Event& event, std::string_view name) {
    for (const Field& field : event.fields) {
        const auto* text = std::get_if<std::string_view>(&field.value);
        if (field.name == name && text != nullptr) return *text;
    }
    return {};
}

std::int64_t Coverage::number_of(const Event& event, std::string_view name) {
    for (const Field& field : event.fields) {
        const auto* number = std::get_if<std::int64_t>(&field.value);
        if (field.name == name && number != nullptr) return *number;
    }
    return 0;
}

// Messages that arrive, and what is said of the run itself, are the background everywhere.
bool Coverage::is_background(const Event& event) const {
    constexpr std::array<std::string_view, 4> kTypes = {"net.send", "net.deliver", "net.answer",
                                                        kDeviationEvent};
    return std::ranges::find(kTypes, event.type) != kTypes.end() ||
           std::ranges::find(vocabulary_.background, event.type) != vocabulary_.background.end();
}

std::string Coverage::name_of(const Event& event) const {
    std::string name(event.type);
    const std::string_view from = text_of(event, "from");
    const std::string_view to = text_of(event, "to");
    if (!from.empty() && !to.empty()) name += fmt::format(" {}->{}", from, to);
    for (const std::string_view field : vocabulary_.words) {
        const std::string_view value = text_of(event, field);
        if (!value.empty()) name += fmt::format(" {}", value);
    }
    // To which process it happens, by its role.
    if (event.from_world) {
        name += fmt::format(" {}", event.process.substr(0, event.process.find(' ')));
        if (event.type == "net.failed") name += fmt::format(" {}", text_of(event, "why"));
    }
    return name;
}

void Coverage::on_event(const Event& event) {
    if (is_background(event)) return;
    const std::string name = name_of(event);
    saw(name);
    if (event.type != "net.failed") {  // its name says why
        std::string_view said = text_of(event, "why");
        if (said.empty()) said = text_of(event, "reason");
        const std::string reason = reason_in(said);
        if (!reason.empty()) saw(fmt::format("{}: {}", name, reason));
    }
    look(event, name);
    for (const std::string_view subject : vocabulary_.subjects) {
        const std::string_view id = text_of(event, subject);
        if (id.empty()) continue;
        std::string& last = last_of_[fmt::format("{} {}", subject, id)];
        if (!last.empty() && last != name) saw(fmt::format("order {} < {}", last, name));
        last = name;
    }
}

Sometimes::Sometimes(const std::vector<const Scenario*>& scenarios) {
    for (const Scenario* scenario : scenarios) {
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

}  // namespace sim::search
