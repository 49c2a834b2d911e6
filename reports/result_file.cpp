#include "reports/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/build_identity.hpp"
#include "reports/input.hpp"

namespace reports {
namespace {

using nlohmann::json;
using sim::search::Result;

constexpr const char* kFormat = "vivarium-result";
constexpr int kVersion = 2;

json to_json(const SearchResult& result) {
    return {{"format", kFormat},
            {"version", kVersion},
            {"verb", result.verb},
            {"search", result.search},
            {"shard", result.shard.index + 1},
            {"shards", result.shard.count},
            {"complete", result.complete},
            {"unmet", result.unmet},
            {"seconds", result.seconds},
            {"totals", result.totals},
            {"faults", result.faults},
            {"behaviours", result.behaviours},
            {"sometimes", result.sometimes.counts()},
            {"broken", reports::to_json(result.broken)}};
}

// Throws json's own exceptions.
SearchResult result_of(const json& file) {
    SearchResult result;
    result.verb = file.at("verb").get<std::string>();
    file.at("search").get_to(result.search);
    result.shard.index = file.at("shard").get<std::uint64_t>() - 1;
    result.shard.count = file.at("shards").get<std::uint64_t>();
    if (result.shard.index >= result.shard.count) throw std::runtime_error("its shard is none");
    result.complete = file.at("complete").get<bool>();
    file.at("unmet").get_to(result.unmet);
    result.seconds = file.at("seconds").get<double>();
    file.at("totals").get_to(result.totals);
    file.at("faults").get_to(result.faults);
    file.at("behaviours").get_to(result.behaviours);
    result.sometimes =
        sim::search::Sometimes(file.at("sometimes").get<sim::search::Sometimes::Counts>());
    for (const json& found : file.at("broken")) {
        result.broken.push_back(
            {found.at("scenario").get<std::string>(), found.at("seed").get<std::uint64_t>(),
             found.at("property").get<std::string>(), found.at("message").get<std::string>(),
             found.at("file").get<std::string>()});
    }
    return result;
}

// Files of other kinds are none of ours: only one that says it is a result must be a good one.
Result<void> read_into(std::vector<SearchResult>& results, const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const json file = json::parse(in, nullptr, false);
    if (file.is_discarded() || !file.is_object() || file.value("format", json()) != kFormat) {
        return {};
    }
    try {
        if (file.at("version") != kVersion) {
            throw std::runtime_error(fmt::format("its version is not {}", kVersion));
        }
        results.push_back(result_of(file));
        return {};
    } catch (const std::exception& wrong) {
        return std::unexpected(bad_input(
            fmt::format("{} is no result: {}", path.string(), wrong.what()),
            fmt::format("give folders that `{0} explore` or `{0} verify` wrote", program())));
    }
}

Result<void> check_whole(const std::vector<SearchResult>& results) {
    if (results.empty()) {
        return std::unexpected(
            bad_input("there is no result in these folders", "give the folders named with --out"));
    }
    const SearchResult& first = results.front();
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].verb != first.verb || results[i].search != first.search ||
            results[i].shard.count != first.shard.count) {
            return std::unexpected(bad_input("these are results of different searches",
                                             "merge the shards of one search at a time"));
        }
        if (results[i].shard.index != i) {
            return std::unexpected(
                bad_input(fmt::format("shard {}/{} is {}", i + 1, first.shard.count,
                                      results[i].shard.index > i ? "missing" : "there twice"),
                          "give each shard's folder once"));
        }
    }
    if (results.size() < first.shard.count) {
        return std::unexpected(
            bad_input(fmt::format("shard {}/{} is missing", results.size() + 1, first.shard.count),
                      "give each shard's folder once"));
    }
    return {};
}

}  // namespace

json to_json(const std::vector<SearchResult::Found>& found) {
    json broken = json::array();
    for (const SearchResult::Found& one : found) {
        broken.push_back({{"scenario", one.scenario},
                          {"seed", one.seed},
                          {"property", one.property},
                          {"message", one.message},
                          {"file", one.file}});
    }
    return broken;
}

Result<void> write_result(const std::string& folder, const SearchResult& result) {
    const std::string path =
        (std::filesystem::path(folder) /
         fmt::format("{}-{}-of-{}.json", result.verb, result.shard.index + 1, result.shard.count))
            .string();
    std::ofstream out(path, std::ios::binary);
    out << to_json(result).dump(1, ' ', false, json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) return std::unexpected(cannot_write(path));
    return {};
}

Result<std::vector<SearchResult>> read_results(const std::vector<std::string>& folders) {
    std::vector<SearchResult> results;
    for (const std::string& folder : folders) {
        std::error_code error;
        std::vector<std::filesystem::path> files;
        for (std::filesystem::recursive_directory_iterator entry(folder, error), end;
             !error && entry != end; entry.increment(error)) {
            if (entry->path().extension() == ".json") files.push_back(entry->path());
        }
        if (error) {
            return std::unexpected(
                bad_input(fmt::format("cannot read {}: {}", folder, error.message()),
                          "give the folders named with --out"));
        }
        for (const std::filesystem::path& file : files) {
            if (const auto read = read_into(results, file); !read) {
                return std::unexpected(read.error());
            }
        }
    }
    std::sort(results.begin(), results.end(), [](const auto& left, const auto& right) {
        return left.shard.index < right.shard.index;
    });
    if (const auto whole = check_whole(results); !whole) return std::unexpected(whole.error());
    return results;
}

std::vector<std::string> never_seen(const SearchResult& result) {
    if (result.shard.count > 1) return {};
    return result.sometimes.missing();
}

Verdict judge(const SearchResult& result) {
    Verdict verdict;
    const auto total = [&](const char* name) {
        const auto found = result.totals.find(name);
        return found == result.totals.end() ? 0 : found->second;
    };
    if (!result.broken.empty() || !never_seen(result).empty()) verdict.broke();
    if (!result.complete) {
        verdict.lacks(fmt::format("stopped before its end, after {} runs", total(kRuns)));
    }
    if (const auto runs = total(kUnfinished); runs > 0 && result.broken.empty()) {
        verdict.lacks(fmt::format("{} runs did not come to their end, which {} does not judge",
                                  runs, result.search.at("property")));
    }
    if (const auto crashes = total(kUnlisted); crashes > 0) {
        verdict.lacks(
            fmt::format("{} crashes left more writes unsynced than can be combined: of those, each "
                        "prefix and each single one was lost",
                        crashes));
    }
    if (result.shard.count > 1) return verdict;
    for (const std::string& kind : result.unmet) {
        verdict.lacks(fmt::format("nothing of the kind {} could happen", kind));
    }
    if (total(kRuns) == 0) verdict.lacks("no run was made");
    const bool empty = result.totals.contains(kParts) && total(kParts) == 0;
    if (empty && result.broken.empty() && result.unmet.empty()) {
        verdict.lacks("nothing could deviate from the calm run");
    }
    return verdict;
}

SearchResult sum(const std::vector<SearchResult>& shards) {
    SearchResult all = shards.front();
    all.shard = {};
    for (std::size_t i = 1; i < shards.size(); ++i) {
        const SearchResult& shard = shards[i];
        all.complete = all.complete && shard.complete;
        std::erase_if(all.unmet, [&](const auto& kind) {
            return std::ranges::find(shard.unmet, kind) == shard.unmet.end();
        });
        all.seconds = std::max(all.seconds, shard.seconds);
        for (const auto& [name, count] : shard.totals) all.totals[name] += count;
        for (const auto& [name, count] : shard.faults) all.faults[name] += count;
        for (const auto& [name, count] : shard.behaviours) all.behaviours[name] += count;
        all.sometimes.add(shard.sometimes);
        all.broken.insert(all.broken.end(), shard.broken.begin(), shard.broken.end());
    }
    return all;
}

}  // namespace reports
