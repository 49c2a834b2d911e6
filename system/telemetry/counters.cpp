#include "system/telemetry/counters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lifecycle {
namespace {

// Facts with few values, by which counts are told apart.
constexpr std::string_view kLabels[] = {"class",    "found_by",     "from", "kind",
                                        "provider", "status_class", "to"};

}  // namespace

void Counters::record(std::string_view name, std::span<const Fact> facts) {
    std::string metric(name);
    std::replace_if(metric.begin(), metric.end(), [](char c) { return c == '.' || c == '-'; }, '_');
    std::string labels;
    for (const std::string_view label : kLabels) {
        for (const Fact& fact : facts) {
            if (fact.name != label || !std::holds_alternative<std::string_view>(fact.value))
                continue;
            labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", label,
                                  std::get<std::string_view>(fact.value));
        }
    }
    ++counts_[{metric + "_total", std::move(labels)}];
    next_.record(name, facts);
}

}  // namespace lifecycle
