#include "reports/verdict.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace reports {

int Verdict::exit_code() const {
    constexpr int kBroken = 1;
    constexpr int kIncomplete = 3;
    if (broke_) return kBroken;
    return gaps_.empty() ? 0 : kIncomplete;
}

std::string_view Verdict::word() const {
    if (broke_) return "broken";
    return gaps_.empty() ? "held" : "incomplete";
}

std::string Verdict::text() const {
    std::string lines;
    for (const std::string& gap : gaps_) lines += fmt::format("INCOMPLETE: {}\n", gap);
    return lines;
}

void Verdict::add_to(nlohmann::json& printed) const {
    printed["verdict"] = word();
    printed["gaps"] = gaps_;
}

}  // namespace reports
