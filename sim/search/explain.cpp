#include "sim/search/explain.hpp"

#include <fmt/format.h>

namespace sim::search {
namespace {

std::string text_of(const KeptEvent& event, std::string_view field) {
    for (const auto& [name, value] : event.values) {
        if (name != field) continue;
        if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
        return std::get<std::string>(value);
    }
    return {};
}

bool is_remark(const KeptEvent& event) {
    return event.type == kDeviationEvent || event.type == kFaultEvent;
}

// What the task in which it was drawn did next; for the scheduler, the task that it chose.
std::string consequence(const std::vector<KeptEvent>& events, std::size_t deviation) {
    const bool scheduler = text_of(events[deviation], "kind") == kSchedule;
    const std::uint64_t step = events[deviation].step + (scheduler ? 1 : 0);
    for (std::size_t i = deviation + 1; i < events.size() && events[i].step <= step; ++i) {
        if (is_remark(events[i]) || events[i].step != step) continue;
        std::string text = fmt::format("{} {}", events[i].process, events[i].type);
        // What and why come first, then whatever else it says in a few words.
        constexpr std::size_t kFew = 40;
        for (const char* field : {"what", "why"}) {
            const std::string value = text_of(events[i], field);
            if (!value.empty()) text += fmt::format(" {}={}", field, value);
        }
        for (const auto& [name, fact] : events[i].values) {
            const std::string value = text_of(events[i], name);
            if (name == "what" || name == "why" || value.empty() || value.size() > kFew) continue;
            text += fmt::format(" {}={}", name, value);
        }
        return text;
    }
    return {};
}

}  // namespace

std::vector<std::string> explain(const std::vector<KeptEvent>& events) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const KeptEvent& event = events[i];
        if (event.type != kDeviationEvent) continue;
        std::string words = text_of(event, "words");
        if (words.empty()) words = fmt::format("draws {}", text_of(event, "value"));
        const std::string then = consequence(events, i);
        lines.push_back(fmt::format("{}  {} (draw {}): {}{}", to_text(event.at),
                                    text_of(event, "lane"), text_of(event, "index"), words,
                                    then.empty() ? "" : "; then " + then));
    }
    return lines;
}

std::vector<std::string> explain(const Scenario& scenario,
                                 const std::vector<Deviation>& deviations) {
    RunOptions options;
    options.keep_events = true;
    options.record_tape = true;
    return explain(run(scenario, recorded(deviations), options).events);
}

}  // namespace sim::search
