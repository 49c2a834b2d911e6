#include "reports/input.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "reports/build_identity.hpp"

namespace reports {
namespace {

using sim::search::Error;
using sim::search::Harness;
using sim::search::Result;
using sim::search::Scenario;

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Error bad_input(std::string message, std::string action) {
    return {std::move(message), std::move(action)};
}

Result<const Scenario*> known_scenario(const Harness& harness, const std::string& name) {
    const Scenario* scenario = sim::search::find_scenario(harness.scenarios, name);
    if (scenario != nullptr) return scenario;
    return std::unexpected(bad_input(fmt::format("there is no scenario \"{}\"", name),
                                     fmt::format("see `{} list`", program())));
}

Result<std::vector<const Scenario*>> known_scenarios(const Harness& harness,
                                                     const std::vector<std::string>& names) {
    std::vector<const Scenario*> all;
    for (const std::string& name : names) {
        const auto scenario = known_scenario(harness, name);
        if (!scenario) return std::unexpected(scenario.error());
        all.push_back(*scenario);
    }
    if (!all.empty()) return all;
    for (const Scenario& scenario : harness.scenarios) all.push_back(&scenario);
    if (all.empty()) {
        return std::unexpected(bad_input("this program has no scenario", "give its harness one"));
    }
    return all;
}

Result<SeedRange> parse_seeds(const std::string& text) {
    constexpr std::uint64_t kMax = 1'000'000'000'000;
    const std::string_view all = text;
    const auto dots = all.find("..");
    SeedRange range;
    const bool read = dots == std::string_view::npos
                          ? parse_number(all, range.first) && parse_number(all, range.last)
                          : parse_number(all.substr(0, dots), range.first) &&
                                parse_number(all.substr(dots + 2), range.last);
    if (!read || range.last < range.first || range.last - range.first >= kMax) {
        return std::unexpected(bad_input(fmt::format("\"{}\" is no range of seeds", text),
                                         "write one seed, or first..last such as 1..5000"));
    }
    return range;
}

Result<double> parse_duration(const std::string& text) {
    std::string_view digits = text;
    double unit = 1;
    if (digits.ends_with('s')) {
        digits.remove_suffix(1);
    } else if (digits.ends_with('m')) {
        unit = 60;
        digits.remove_suffix(1);
    } else if (digits.ends_with('h')) {
        unit = 3600;
        digits.remove_suffix(1);
    }
    std::uint32_t number = 0;
    if (!parse_number(digits, number) || number == 0) {
        return std::unexpected(
            bad_input(fmt::format("\"{}\" is no duration", text), "write it as 60s, 5m or 1h"));
    }
    return number * unit;
}

Result<sim::search::Shard> parse_shard(const std::string& text) {
    if (text.empty()) return sim::search::Shard{};
    const std::string_view all = text;
    const auto slash = all.find('/');
    sim::search::Shard shard;
    const bool read = slash != std::string_view::npos &&
                      parse_number(all.substr(0, slash), shard.index) &&
                      parse_number(all.substr(slash + 1), shard.count);
    if (!read || shard.index == 0 || shard.index > shard.count || shard.count > 100'000) {
        return std::unexpected(bad_input(fmt::format("\"{}\" is no shard", text),
                                         "write I/N with I from 1 to N, such as 3/8"));
    }
    --shard.index;
    return shard;
}

Result<sim::search::StrategyChoice> parse_strategy(const std::string& text) {
    if (const auto choice = sim::search::parse_strategy(text)) return *choice;
    std::string names;
    for (const std::string_view name : sim::search::strategy_names()) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
    return std::unexpected(bad_input(
        fmt::format("\"{}\" is no strategy", text),
        fmt::format("use one of {}; pct, delay and few take a depth, such as pct:3", names)));
}

Result<sim::search::SearchPlan> parse_plan(const Harness& harness, const PlanArguments& arguments) {
    sim::search::SearchPlan plan;
    if (!arguments.strategy.empty()) {
        const auto choice = parse_strategy(arguments.strategy);
        if (!choice) return std::unexpected(choice.error());
        plan.choice = *choice;
    }
    std::vector<std::string> kinds = arguments.only_faults;
    kinds.insert(kinds.end(), arguments.without_faults.begin(), arguments.without_faults.end());
    if (const auto known = known_faults(harness, kinds); !known) {
        return std::unexpected(known.error());
    }
    plan.switches = {arguments.only_faults, arguments.without_faults, arguments.fault_rate};
    return plan;
}

std::string options_of(const sim::search::SearchPlan& plan) {
    const sim::search::SearchPlan usual;
    std::string options;
    if (sim::search::to_string(plan.choice) != sim::search::to_string(usual.choice)) {
        options += fmt::format(" --strategy {}", sim::search::to_string(plan.choice));
    }
    if (!plan.switches.only.empty()) {
        options += fmt::format(" --only-faults {}", fmt::join(plan.switches.only, " "));
    }
    if (!plan.switches.without.empty()) {
        options += fmt::format(" --without-faults {}", fmt::join(plan.switches.without, " "));
    }
    if (plan.switches.rate != usual.switches.rate) {
        options += fmt::format(" --fault-rate {}", plan.switches.rate);
    }
    return options;
}

Result<void> known_property(const Harness& harness, const std::string& name) {
    if (harness.may_break(name)) return {};
    return std::unexpected(bad_input(fmt::format("there is no property \"{}\"", name),
                                     fmt::format("see `{} list`", program())));
}

std::map<std::string, sim::LaneKind> fault_kinds(const Harness& harness) {
    std::map<std::string, sim::LaneKind> found;
    for (const Scenario& scenario : harness.scenarios) {
        if (!harness.widest.empty() && scenario.name != harness.widest) continue;
        const auto profile = sim::search::calm_profile(scenario);
        for (const sim::search::Profile::Lane& lane : profile->lanes) {
            if (lane.kind.fault) found.emplace(std::string(lane.kind.name), lane.kind);
        }
    }
    return found;
}

Result<void> known_faults(const Harness& harness, const std::vector<std::string>& names) {
    if (names.empty()) return {};
    const auto kinds = fault_kinds(harness);
    for (const std::string& name : names) {
        const bool known = std::ranges::any_of(
            kinds, [&](const auto& kind) { return sim::matches_kind(name, kind.first); });
        if (!known) {
            return std::unexpected(bad_input(fmt::format("there is no fault \"{}\"", name),
                                             fmt::format("see `{} list`", program())));
        }
    }
    return {};
}

Result<void> known_kinds(const Scenario& scenario, const std::vector<std::string>& names) {
    if (names.empty()) return {};
    std::set<std::string_view> kinds;
    const auto profile = sim::search::calm_profile(scenario);
    for (const sim::search::Profile::Lane& lane : profile->lanes) kinds.insert(lane.kind.name);
    for (const std::string& name : names) {
        const bool known = std::ranges::any_of(
            kinds, [&](std::string_view kind) { return sim::matches_kind(name, kind); });
        if (!known) {
            return std::unexpected(bad_input(
                fmt::format("{} has no kind of decision \"{}\"", scenario.name, name),
                fmt::format("use one of {}, or, as `net.`, a group", fmt::join(kinds, ", "))));
        }
    }
    return {};
}

Error cannot_write(const std::string& path) {
    return bad_input(fmt::format("cannot write {}: {}", path, std::strerror(errno)),
                     "name a file in a folder that can be written");
}

Result<void> prepare_folder(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error && access(folder.c_str(), W_OK) != 0) {
        error = std::error_code(errno, std::generic_category());
    }
    if (!error) return {};
    return std::unexpected(
        bad_input(fmt::format("cannot write into {}: {}", folder, error.message()),
                  "name another folder with --out"));
}

}  // namespace reports
