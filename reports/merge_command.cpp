#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/text.hpp"

namespace reports {

using lifecycle::Result;
using nlohmann::json;

Result<int> merge(const MergeArguments& arguments) {
    const auto shards = read_results(arguments.folders);
    if (!shards) return std::unexpected(shards.error());
    const SearchResult all = sum(*shards);
    std::vector<std::string> missing;
    for (const std::string& name : all.required) {
        if (!all.behaviours.contains(name)) missing.push_back(name);
    }
    if (arguments.json) {
        fmt::print("{}\n", json{{"verb", all.verb},
                                {"search", all.search},
                                {"shards", shards->size()},
                                {"complete", all.complete},
                                {"totals", all.totals},
                                {"faults", all.faults},
                                {"never_seen", missing},
                                {"broken", to_json(all.broken)}}
                               .dump());
    } else {
        fmt::print("{} {}\n", all.verb, counts(all.totals));
        if (!all.faults.empty()) fmt::print("  faults: {}\n", counts(all.faults));
        print_found(all.broken);
        for (const std::string& name : missing) fmt::print("NEVER SEEN {}\n", name);
        if (!all.complete) fmt::print("not every shard came to its end\n");
        if (all.broken.empty() && missing.empty()) {
            fmt::print("all properties held in {} shards\n", shards->size());
        }
    }
    return all.broken.empty() && missing.empty() && all.complete ? 0 : 1;
}

}  // namespace reports
