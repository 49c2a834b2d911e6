#include <fmt/format.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "sim/search/harness.hpp"

namespace reports {
namespace {

// How the seeds of a search are to be read, so that they can be replayed.
sim::search::SearchPlan plan_of(const sim::search::Harness& harness,
                                const std::map<std::string, std::string>& search) {
    const auto said = [&](const char* name) {
        const auto found = search.find(name);
        return found == search.end() ? std::string() : found->second;
    };
    const auto words = [&](const char* name) {
        std::istringstream text(said(name));
        return std::vector<std::string>(std::istream_iterator<std::string>(text), {});
    };
    PlanArguments arguments{said("strategy"), words("only faults"), words("without faults")};
    std::istringstream(said("fault rate")) >> arguments.fault_rate;
    return parse_plan(harness, arguments).value_or(sim::search::SearchPlan());
}

}  // namespace

using nlohmann::json;
using sim::search::Result;

Result<int> merge(const sim::search::Harness& harness, const MergeArguments& arguments) {
    const auto shards = read_results(arguments.folders);
    if (!shards) return std::unexpected(shards.error());
    const SearchResult all = sum(*shards);
    const std::vector<std::string> missing = never_seen(all);
    const Verdict verdict = judge(all);
    if (arguments.json) {
        json printed = {{"verb", all.verb},         {"search", all.search},
                        {"shards", shards->size()}, {"complete", all.complete},
                        {"totals", all.totals},     {"faults", all.faults},
                        {"never_seen", missing},    {"broken", to_json(all.broken)}};
        verdict.add_to(printed);
        fmt::print("{}\n", printed.dump());
    } else {
        fmt::print("{} {}\n", all.verb, counts(all.totals));
        if (!all.faults.empty()) fmt::print("  faults: {}\n", counts(all.faults));
        print_found(all.broken, plan_of(harness, all.search));
        for (const std::string& name : missing) fmt::print("NEVER SEEN in {}\n", name);
        fmt::print("{}", verdict.text());
        if (verdict.held()) fmt::print("all properties held in {} shards\n", shards->size());
    }
    return verdict.exit_code();
}

}  // namespace reports
