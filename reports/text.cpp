#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "properties/failure_file.hpp"

namespace reports {
namespace {

// Messages that arrive as they should are not worth telling.
bool is_quiet(const sim::KeptEvent& event) {
    return event.type == "net.send" || event.type == "net.deliver" || event.type == "net.answer";
}

double hours_of(sim::VirtualTime time) {
    return static_cast<double>(time.count()) / 3.6e9;
}

std::string faults_line(const std::map<std::string, std::uint64_t>& faults) {
    std::string line;
    for (const auto& [kind, count] : faults) {
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", kind, count);
    }
    return line.empty() ? "none" : line;
}

}  // namespace

std::string story(const std::vector<sim::KeptEvent>& events, std::size_t most) {
    std::vector<const sim::KeptEvent*> told;
    for (const sim::KeptEvent& event : events) {
        if (!is_quiet(event)) told.push_back(&event);
    }
    std::string text;
    const std::size_t skipped = told.size() > most ? told.size() - most : 0;
    if (skipped > 0) text += fmt::format("... {} events before\n", skipped);
    for (std::size_t i = skipped; i < told.size(); ++i) {
        text += sim::to_text_line(told[i]->view()) + "\n";
    }
    return text;
}

std::string summary(const std::string& scenario, const std::string& origin,
                    const properties::RunResult& result) {
    std::string text = fmt::format(
        "{} {}: {}\n  hash {}, {} steps, {} decisions, {:.2f} virtual hours\n  faults: {}\n",
        scenario, origin, result.held() ? "held" : "BROKEN", properties::to_hex(result.hash),
        result.steps, result.decisions, hours_of(result.virtual_time), faults_line(result.faults));
    for (const properties::Violation& violation : result.violations) {
        text += fmt::format("  {} at step {}, {}: {}\n", violation.property, violation.step,
                            sim::to_text(violation.at), violation.message);
    }
    return text;
}

std::string summary(const properties::Exploration& exploration) {
    std::string text = fmt::format(
        "{} runs in {:.1f} s: {:.1f} runs a second, {:.0f} virtual hours a second, {} broken\n",
        exploration.runs, exploration.seconds,
        static_cast<double>(exploration.runs) / std::max(exploration.seconds, 1e-9),
        exploration.virtual_hours / std::max(exploration.seconds, 1e-9), exploration.broken.size());
    for (const auto& [scenario, totals] : exploration.per_scenario) {
        const auto& [runs, seconds] = totals;
        text +=
            fmt::format("  {:<24} {:>8} runs  {:>9.3f} ms each\n", scenario, runs,
                        1000.0 * seconds / static_cast<double>(std::max<std::uint64_t>(runs, 1)));
    }
    text += fmt::format("  faults: {}\n", faults_line(exploration.faults));
    return text;
}

std::string first_difference(const std::vector<sim::KeptEvent>& first,
                             const std::vector<sim::KeptEvent>& second) {
    const std::size_t both = std::min(first.size(), second.size());
    for (std::size_t i = 0; i < both; ++i) {
        const std::string left = sim::to_json_line(first[i].view());
        const std::string right = sim::to_json_line(second[i].view());
        if (left == right) continue;
        std::string text = fmt::format("the runs differ from event {} on\n", i);
        for (std::size_t before = i > 3 ? i - 3 : 0; before < i; ++before) {
            text += fmt::format("  both:   {}\n", sim::to_json_line(first[before].view()));
        }
        return text + fmt::format("  first:  {}\n  second: {}\n", left, right);
    }
    if (first.size() == second.size()) return {};
    return fmt::format("one run has {} events, the other {}\n", first.size(), second.size());
}

}  // namespace reports
