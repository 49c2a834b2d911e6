#include "tests/tidy/layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <set>
#include <utility>

namespace tidy {
namespace {

const char* const kDocument = "docs/architecture.md";

std::vector<std::string> quoted(const std::string& cell) {
    static const std::regex backticks("`([^`]+)`");
    std::vector<std::string> all;
    for (std::sregex_iterator found(cell.begin(), cell.end(), backticks), end; found != end;
         ++found) {
        all.push_back((*found)[1]);
    }
    return all;
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::size_t begin = 1;
    while (begin < line.size()) {
        const std::size_t end = std::min(line.find('|', begin), line.size());
        cells.push_back(line.substr(begin, end - begin));
        begin = end + 1;
    }
    return cells;
}

bool is_below(std::string_view path, std::string_view above) {
    if (!path.starts_with(above)) return false;
    return path.size() == above.size() || path[above.size()] == '/' || path[above.size()] == '.';
}

}  // namespace

std::vector<Finding> check_hidden_arrows(const std::string& path, std::string_view text,
                                         std::string_view header) {
    static constexpr std::pair<const char*, const char*> kNamespaces[] = {
        {"lifecycle", "system/"},      {"sim", "sim/"},
        {"fakes", "fakes/"},           {"scenarios", "scenarios/"},
        {"properties", "properties/"}, {"reports", "reports/"}};
    std::vector<Finding> findings;
    const std::string code = code_only(text);
    for (const auto& [name, folder] : kNamespaces) {
        const std::string include = std::string("#include \"") + folder;
        const bool seen = text.find(include) != std::string_view::npos ||
                          header.find(include) != std::string_view::npos;
        if (path.starts_with(folder) || seen) continue;
        const std::regex named(fmt::format("\\b{}::", name));
        std::smatch found;
        if (!std::regex_search(code, found, named)) continue;
        const auto before = code.begin() + found.position();
        findings.push_back({path, 1 + static_cast<int>(std::count(code.begin(), before, '\n')),
                            fmt::format("names {}:: and includes nothing of {}", name, folder)});
    }
    return findings;
}

Layers::Layers(std::string_view document) {
    bool inside = false;
    std::size_t begin = 0;
    while (begin < document.size()) {
        const std::size_t end = std::min(document.find('\n', begin), document.size());
        const std::string line(document.substr(begin, end - begin));
        begin = end + 1;
        if (line.starts_with("| folder | may include |")) inside = true;
        if (!line.starts_with('|')) inside = false;
        const std::vector<std::string> cells = inside ? cells_of(line) : std::vector<std::string>();
        if (cells.size() < 2) continue;
        const std::vector<std::string> paths = quoted(cells[0]);
        if (paths.empty()) continue;
        for (const std::string& path : paths) rows_[path] = paths.front();
        drawn_[paths.front()] = quoted(cells[1]);
    }
}

std::string Layers::row_of(std::string_view path) const {
    std::string_view longest;
    std::string found;
    for (const auto& [above, row] : rows_) {
        if (!is_below(path, above) || above.size() < longest.size()) continue;
        longest = above;
        found = row;
    }
    return found;
}

std::vector<Finding> Layers::check(const std::string& path, std::string_view text) {
    std::vector<Finding> findings;
    const std::string row = row_of(path);
    if (row.empty()) {
        // Tests and examples may include everything.
        const bool free = path.starts_with("tests/") || path.starts_with("docs/");
        if (!free) findings.push_back({path, 0, fmt::format("stands in no row of {}", kDocument)});
        return findings;
    }
    const std::string whole(text);
    static const std::regex include("#include \"([^\"]+)\"");
    for (std::sregex_iterator found(whole.begin(), whole.end(), include), end; found != end;
         ++found) {
        const std::string target = (*found)[1];
        const std::string other = row_of(target);
        if (other == row) continue;
        used_[row].try_emplace(other, fmt::format("{} includes {}", path, target));
        bool drawn = false;
        for (const std::string& arrow : drawn_.at(row)) {
            if (!is_below(target, arrow)) continue;
            gone_along_[row].insert(arrow);
            drawn = true;
        }
        if (drawn) continue;
        const auto before = whole.begin() + found->position();
        findings.push_back({path, 1 + static_cast<int>(std::count(whole.begin(), before, '\n')),
                            fmt::format("{} must not include {}", row, target)});
    }
    return findings;
}

std::vector<Finding> Layers::circles() const {
    std::vector<Finding> findings;
    std::set<std::string> done;
    std::vector<std::string> way;
    const std::function<void(const std::string&)> visit = [&](const std::string& row) {
        const auto at = std::find(way.begin(), way.end(), row);
        if (at != way.end()) {
            std::string told;
            for (auto step = at; step != way.end(); ++step) {
                const std::string& next = step + 1 == way.end() ? row : *(step + 1);
                told += (told.empty() ? "" : ", ") + used_.at(*step).at(next);
            }
            findings.push_back({kDocument, 0, "a circle: " + told});
            return;
        }
        const auto targets = used_.find(row);
        if (targets == used_.end() || done.contains(row)) return;
        way.push_back(row);
        for (const auto& [target, example] : targets->second) visit(target);
        way.pop_back();
        done.insert(row);
    };
    for (const auto& [row, targets] : used_) visit(row);
    return findings;
}

std::vector<Finding> Layers::unused() const {
    std::vector<Finding> findings;
    for (const auto& [row, arrows] : drawn_) {
        const auto along = gone_along_.find(row);
        for (const std::string& arrow : arrows) {
            if (along != gone_along_.end() && along->second.contains(arrow)) continue;
            findings.push_back(
                {kDocument, 0, fmt::format("{} includes nothing of {}", row, arrow)});
        }
    }
    return findings;
}

}  // namespace tidy
