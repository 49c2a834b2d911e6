#include "reports/text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "sim/search/failure_file.hpp"

namespace reports {
namespace {

// Whether it answers somebody who is not known for who they say they are.
bool is_rejection(const sim::KeptEvent& event) {
    const sim::Event view = event.view();
    return std::ranges::any_of(view.fields, [](const sim::Field& field) {
        const auto* text = std::get_if<std::string_view>(&field.value);
        return field.name == "what" && text != nullptr && text->starts_with("401");
    });
}

// Messages that arrive as they should are not worth telling.
bool is_quiet(const sim::KeptEvent& event) {
    if (event.type == "net.answer") return !is_rejection(event);
    return event.type == "net.send" || event.type == "net.deliver";
}

double hours_of(sim::VirtualTime time) {
    return static_cast<double>(time.count()) / 3.6e9;
}

std::string faults_line(const std::map<std::string, std::uint64_t>& faults) {
    return faults.empty() ? "none" : counts(faults);
}

}  // namespace

bool shows_progress(bool quiet, bool json) {
    return !quiet && !json && isatty(STDERR_FILENO) == 1;
}

std::string counts(const std::map<std::string, std::uint64_t>& counts) {
    std::string line;
    for (const auto& [name, count] : counts) {
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, count);
    }
    return line;
}

std::string behaviours(const std::map<std::string, std::uint64_t>& seen) {
    std::vector<std::pair<std::uint64_t, std::string_view>> rarest;
    for (const auto& [name, count] : seen) rarest.emplace_back(count, name);
    std::sort(rarest.begin(), rarest.end());
    std::string text = fmt::format("{} behaviours\n", seen.size());
    for (const auto& [count, name] : rarest) text += fmt::format("  {:>9}  {}\n", count, name);
    return text;
}

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
                    std::string_view verdict, const sim::search::RunResult& result) {
    std::string text = fmt::format(
        "{} {}: {}\n  hash {}, {} steps, {} decisions, {:.2f} virtual hours\n  faults: {}\n",
        scenario, origin, verdict, sim::search::to_hex(result.hash), result.steps, result.decisions,
        hours_of(result.virtual_time), faults_line(result.faults));
    for (const sim::search::Violation& violation : result.violations) {
        text += fmt::format("  {} at step {}, {}: {}\n", violation.property, violation.step,
                            sim::to_text(violation.at), violation.message);
    }
    return text;
}

std::string summary(const sim::search::Exploration& exploration) {
    std::string text = fmt::format(
        "{} runs in {:.1f} s: {:.1f} runs a second, {:.0f} virtual hours a second, {} broken\n",
        exploration.runs, exploration.seconds,
        static_cast<double>(exploration.runs) / std::max(exploration.seconds, 1e-9),
        exploration.virtual_hours / std::max(exploration.seconds, 1e-9), exploration.broken.size());
    for (const auto& [scenario, totals] : exploration.per_scenario) {
        const double seconds = std::max(totals.seconds, 1e-9);
        const auto runs = static_cast<double>(totals.runs);
        text +=
            fmt::format("  {:<28} {:>8} runs  {:>8.1f} a second  {:>8.0f} virtual hours a second\n",
                        scenario, totals.runs, runs / seconds, totals.virtual_hours / seconds);
    }
    text += fmt::format("  faults: {}\n", faults_line(exploration.faults));
    return text;
}

std::string first_difference(const std::vector<sim::KeptEvent>& first,
                             const std::vector<sim::KeptEvent>& second) {
    const std::size_t both = std::min(first.size(), second.size());
    for (std::size_t i = 0; i < both; ++i) {
        if (sim::to_json_line(first[i].view()) == sim::to_json_line(second[i].view())) continue;
        std::string text = fmt::format("the runs differ from event {} on\n", i);
        constexpr std::size_t kContext = 3;
        for (std::size_t before = i > kContext ? i - kContext : 0; before < i; ++before) {
            text += fmt::format("  both:   {}\n", sim::to_json_line(first[before].view()));
        }
        for (const auto& [whose, events] : {std::pair("first: ", &first), {"second:", &second}}) {
            for (std::size_t at = i; at < events->size() && at < i + kContext; ++at) {
                text += fmt::format("  {} {}\n", whose, sim::to_json_line((*events)[at].view()));
            }
        }
        return text;
    }
    if (first.size() == second.size()) return {};
    return fmt::format("one run has {} events, the other {}\n", first.size(), second.size());
}

}  // namespace reports
